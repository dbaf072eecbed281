-- A mail whose sender DNS could not tell about for now is read again later: from when on, and how often it has waited.
ALTER TABLE mails ADD COLUMN judge_at BIGINT;
ALTER TABLE mails ADD COLUMN judged BIGINT NOT NULL DEFAULT 0 CHECK (judged >= 0);
