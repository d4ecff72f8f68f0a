-- Of what waits for a receiver the most urgent is called first.
drop index message_waits_for;
create index message_waits_for on message (waits_for, lane, due_at) where waits_for is not null;
