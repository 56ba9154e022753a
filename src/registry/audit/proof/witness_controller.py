"""We as a witness: neighbours' checkpoints are cosigned (C2SP tlog-witness). No API key: a checkpoint's signature says who asks."""

import time
from functools import partial

from litestar import Controller, Response, post

from registry import errors
from registry.audit.proof import cosigner
from registry.audit.proof.controller import TEXT, Answer, log_sealer
from registry.audit.proof.cosigner import Stale
from registry.audit.proof.signed_notes import cosign, split_note
from registry.audit.proof.witnesses import SIZE_MEDIA
from registry.web.call import Call
from registry.web.contract import Contract, Other

BODY_LIMIT = 64 * 1024
"""Bytes."""
STALE = "The old size is not what was cosigned last, or it was cosigned with another root: the size that was, and a newline."
PROBLEMS = (
    errors.Malformed,
    errors.TooLarge,
    errors.Unavailable,
    errors.NotConsistent,
    errors.UnknownLog,
    errors.UnknownSigner,
)
ADDING = Contract(
    None,
    media="text/plain",
    sends="text/plain",
    other=Other(409, SIZE_MEDIA, STALE),
    problems=PROBLEMS,
    public=True,
)


class WitnessController(Controller):
    """The witness (见证)."""

    path = "/v1/witness"

    @post(
        "/add-checkpoint",
        operation_id="addCheckpoint",
        status_code=200,
        request_max_body_size=BODY_LIMIT,
        opt={"contract": ADDING},
    )
    async def add_checkpoint(self, request: Call) -> Answer:
        """Cosign a neighbour's checkpoint, if its log has only grown since (C2SP tlog-witness, add-checkpoint)."""
        request.no_params()
        submitted = cosigner.read_submission(await request.body())
        try:
            await request.context.read(partial(cosigner.check, submitted=submitted))  # a refusal costs no write
            await request.context.database.write(partial(cosigner.advance, submitted=submitted))
        except Stale as stale:
            return Response(f"{stale.size}\n".encode(), status_code=409, media_type=SIZE_MEDIA)
        return _cosigned(request, submitted.note)


def _cosigned(request: Call, note: str) -> Answer:
    sealer = log_sealer(request)
    witness = sealer.keys.witness(f"{sealer.origin}/witness")
    return Response(cosign(split_note(note)[0], witness, int(time.time())).encode(), media_type=TEXT)
