"""HTTP, once for all registers: problems, preconditions, idempotency, paging, the published document."""
