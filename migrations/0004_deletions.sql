-- Deletions: a stage, two blockers and two kinds of job more, and what they write down. SQLite cannot change a CHECK, so the
-- tables that hold one are made anew, with everything that refers to them.

DROP INDEX requests_wake;
DROP INDEX requests_subject;
DROP INDEX requests_sender;
DROP INDEX requests_key;
DROP INDEX challenge_codes_reference;
DROP INDEX plans_key;
DROP INDEX jobs_due;
DROP INDEX packages_key;
DROP INDEX freezes_account;
ALTER TABLE requests RENAME TO old_requests;
ALTER TABLE challenge_codes RENAME TO old_challenge_codes;
ALTER TABLE plans RENAME TO old_plans;
ALTER TABLE jobs RENAME TO old_jobs;
ALTER TABLE steps RENAME TO old_steps;
ALTER TABLE packages RENAME TO old_packages;
ALTER TABLE freezes RENAME TO old_freezes;

CREATE TABLE requests (
  reference     TEXT   NOT NULL PRIMARY KEY,
  version       BIGINT NOT NULL CHECK (version > 0),
  kind          TEXT   CHECK (kind IN ('export', 'delete')),
  stage         TEXT   NOT NULL CHECK (stage IN ('recorded', 'awaiting-verification', 'awaiting-approval', 'cooling-off', 'executing', 'delivering', 'closed')),
  since         BIGINT NOT NULL,
  blocker       TEXT   CHECK (blocker IN ('needs-clarification', 'sender-unauthenticated', 'needs-second-factor', 'undeliverable', 'connector-down', 'plan-drift', 'staff-question', 'legal-hold', 'anomaly')),
  outcome       TEXT   CHECK (outcome IN ('completed', 'refused', 'withdrawn', 'expired')),
  ground        TEXT,
  received_at   BIGINT NOT NULL,
  due_at        BIGINT NOT NULL,
  wake_at       BIGINT,
  sender_index  TEXT   NOT NULL,
  subject_index TEXT,
  key_id        TEXT   NOT NULL REFERENCES data_keys (id),
  body          BLOB   NOT NULL,
  CHECK ((stage = 'closed') = (outcome IS NOT NULL)),
  CHECK ((outcome IS NOT NULL AND outcome = 'refused') = (ground IS NOT NULL)),
  CHECK (stage <> 'closed' OR (blocker IS NULL AND wake_at IS NULL)),
  CHECK (stage NOT IN ('awaiting-approval', 'cooling-off', 'executing', 'delivering') OR (kind IS NOT NULL AND subject_index IS NOT NULL)),
  CHECK (stage <> 'cooling-off' OR kind = 'delete')
);
INSERT INTO requests (reference, version, kind, stage, since, blocker, outcome, ground, received_at, due_at, wake_at, sender_index, subject_index, key_id, body)
  SELECT reference, version, kind, stage, since, blocker, outcome, ground, received_at, due_at, wake_at, sender_index, subject_index, key_id, body FROM old_requests;
CREATE INDEX requests_wake ON requests (wake_at);
CREATE INDEX requests_subject ON requests (subject_index);
CREATE INDEX requests_sender ON requests (sender_index);
CREATE INDEX requests_key ON requests (key_id);

CREATE TABLE challenge_codes (
  id         TEXT   NOT NULL PRIMARY KEY,
  reference  TEXT   NOT NULL REFERENCES requests (reference),
  code_hash  TEXT   NOT NULL,
  issued_at  BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state      TEXT   NOT NULL CHECK (state IN ('open', 'void'))
);
INSERT INTO challenge_codes (id, reference, code_hash, issued_at, expires_at, state)
  SELECT id, reference, code_hash, issued_at, expires_at, state FROM old_challenge_codes;
CREATE INDEX challenge_codes_reference ON challenge_codes (reference);

CREATE TABLE plans (
  reference TEXT   NOT NULL REFERENCES requests (reference),
  hash      TEXT   NOT NULL,
  frozen_at BIGINT NOT NULL,
  key_id    TEXT   NOT NULL REFERENCES data_keys (id),
  body      BLOB   NOT NULL,
  PRIMARY KEY (reference, hash)
);
INSERT INTO plans (reference, hash, frozen_at, key_id, body)
  SELECT reference, hash, frozen_at, key_id, body FROM old_plans;
CREATE INDEX plans_key ON plans (key_id);

CREATE TABLE jobs (
  id          TEXT   NOT NULL PRIMARY KEY,
  reference   TEXT   NOT NULL REFERENCES requests (reference),
  kind        TEXT   NOT NULL CHECK (kind IN ('resolve', 'plan', 'export', 'erase', 'settle')),
  state       TEXT   NOT NULL CHECK (state IN ('queued', 'running', 'done')),
  attempts    BIGINT NOT NULL,
  run_at      BIGINT NOT NULL,
  epoch       BIGINT NOT NULL,
  owner       TEXT,
  lease_until BIGINT,
  last_error  TEXT,
  created_at  BIGINT NOT NULL,
  done_at     BIGINT,
  CHECK ((state = 'running') = (lease_until IS NOT NULL)),
  CHECK ((state = 'done') = (done_at IS NOT NULL))
);
INSERT INTO jobs (id, reference, kind, state, attempts, run_at, epoch, owner, lease_until, last_error, created_at, done_at)
  SELECT id, reference, kind, state, attempts, run_at, epoch, owner, lease_until, last_error, created_at, done_at FROM old_jobs;
CREATE INDEX jobs_due ON jobs (state, run_at);
CREATE INDEX jobs_reference ON jobs (reference);

CREATE TABLE steps (
  job_id  TEXT   NOT NULL REFERENCES jobs (id),
  name    TEXT   NOT NULL,
  detail  TEXT   NOT NULL,
  done_at BIGINT NOT NULL,
  PRIMARY KEY (job_id, name)
);
INSERT INTO steps (job_id, name, detail, done_at)
  SELECT job_id, name, detail, done_at FROM old_steps;

CREATE TABLE packages (
  reference  TEXT   NOT NULL PRIMARY KEY REFERENCES requests (reference),
  key_id     TEXT   NOT NULL REFERENCES data_keys (id),
  passphrase BLOB,
  created_at BIGINT NOT NULL
);
INSERT INTO packages (reference, key_id, passphrase, created_at)
  SELECT reference, key_id, passphrase, created_at FROM old_packages;
CREATE INDEX packages_key ON packages (key_id);

CREATE TABLE freezes (
  reference     TEXT   NOT NULL PRIMARY KEY REFERENCES requests (reference),
  account_index TEXT   NOT NULL,
  until         BIGINT NOT NULL,
  spread        BIGINT NOT NULL CHECK (spread IN (0, 1))
);
INSERT INTO freezes (reference, account_index, until, spread)
  SELECT reference, account_index, until, spread FROM old_freezes;
CREATE INDEX freezes_account ON freezes (account_index);

DROP TABLE old_freezes;
DROP TABLE old_packages;
DROP TABLE old_steps;
DROP TABLE old_jobs;
DROP TABLE old_plans;
DROP TABLE old_challenge_codes;
DROP TABLE old_requests;

-- Deletions that wait for staff to carry them out by hand are planned like any other from here on.
INSERT INTO jobs (id, reference, kind, state, attempts, run_at, epoch, created_at)
  SELECT 'by-hand-' || reference, reference, 'plan', 'queued', 0, since, 0, since FROM requests
  WHERE kind = 'delete' AND stage = 'awaiting-approval';

-- What a deleting transaction in a source came to: one row for each batch of a plan, written when it is over.
CREATE TABLE erased (
  reference TEXT   NOT NULL REFERENCES requests (reference),
  plan_hash TEXT   NOT NULL,
  category  TEXT   NOT NULL,
  batch     BIGINT NOT NULL,
  account   TEXT   NOT NULL,
  deleted   BIGINT NOT NULL CHECK (deleted >= 0),
  files     BIGINT NOT NULL CHECK (files >= 0),
  gone      BIGINT NOT NULL CHECK (gone >= 0),
  done_at   BIGINT NOT NULL,
  PRIMARY KEY (reference, plan_hash, category, batch)
);
CREATE INDEX erased_done ON erased (done_at);

-- Legal holds. What is held and why is sealed.
CREATE TABLE holds (
  id          TEXT   NOT NULL PRIMARY KEY,
  reference   TEXT   REFERENCES requests (reference),
  state       TEXT   NOT NULL CHECK (state IN ('active', 'released')),
  placed_at   BIGINT NOT NULL,
  released_at BIGINT,
  key_id      TEXT   NOT NULL REFERENCES data_keys (id),
  body        BLOB   NOT NULL,
  CHECK ((state = 'released') = (released_at IS NOT NULL))
);
CREATE INDEX holds_state ON holds (state);
CREATE INDEX holds_key ON holds (key_id);

-- What is still owed after a deletion.
CREATE TABLE obligations (
  id         TEXT   NOT NULL PRIMARY KEY,
  reference  TEXT   NOT NULL REFERENCES requests (reference),
  duty       TEXT   NOT NULL CHECK (duty IN ('kept', 'backups')),
  category   TEXT   NOT NULL,
  source     TEXT   NOT NULL,
  state      TEXT   NOT NULL CHECK (state IN ('open', 'settled')),
  created_at BIGINT NOT NULL,
  due_at     BIGINT,
  told_at    BIGINT,
  settled_at BIGINT,
  evidence   TEXT,
  CHECK ((state = 'settled') = (settled_at IS NOT NULL)),
  CHECK (duty <> 'backups' OR (state = 'settled') = (evidence IS NOT NULL))
);
CREATE INDEX obligations_due ON obligations (state, duty, due_at);
CREATE INDEX obligations_reference ON obligations (reference);
