-- What is known of a member of staff besides who they are: wrong codes on the present list, and when they were asked what
-- waits for them since they joined or changed.
ALTER TABLE staff ADD COLUMN wrong_codes BIGINT NOT NULL DEFAULT 0 CHECK (wrong_codes >= 0);
ALTER TABLE staff ADD COLUMN briefed_at BIGINT;

-- Accounts for which nothing is done for a time, because the address on file disowned a request.
CREATE TABLE freezes (
  reference     TEXT   NOT NULL PRIMARY KEY REFERENCES requests (reference),
  account_index TEXT   NOT NULL,
  until         BIGINT NOT NULL,
  spread        BIGINT NOT NULL CHECK (spread IN (0, 1))
);
CREATE INDEX freezes_account ON freezes (account_index);

-- The day of which staff have been told last how the requests stand.
CREATE TABLE digests (
  id      BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  told_on TEXT   NOT NULL
);
