-- The day of review of which a hold's owner was reminded last.
ALTER TABLE holds ADD COLUMN reminded_on TEXT;

-- The day on which rows past their ceiling were deleted last, so that a restart does not do it twice in a day.
CREATE TABLE retention_runs (
  id      BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  done_on TEXT   NOT NULL
);
