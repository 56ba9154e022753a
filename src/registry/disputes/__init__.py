"""Five registers: land disputes (涉土纠纷), their proceedings, mediation sessions, agreements and return visits."""
