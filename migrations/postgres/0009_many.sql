-- What is asked of many messages costs what it answers, not what is stored.

-- The receiver, as one relay sees it, that could take no more or could not be reached: what waits for it is called when
-- it is back.
alter table message add column waits_for bigint;
create index message_waits_for on message (waits_for, due_at) where waits_for is not null;

-- Whoever is due next; whoever comes to an end next.
create index message_next on message (due_at, library, waits_for) where due_at is not null;
create index message_ending on message (deadline, library) where due_at is not null;

-- Lists, the newest first, of one library and of all.
create index message_in_state on message (library, state, id);
create index message_in_state_of_all on message (state, id);
create index message_with_cause on message (library, cause, id) where cause is not null;
create index message_with_cause_of_all on message (cause, id) where cause is not null;
create index message_by_notice on message (library, notice, id);
create index message_by_notice_of_all on message (notice, id);
drop index event_request;
create index event_request on event (request, library);
-- Addresses are in no order: this index alone cost more than all others, and nothing asks for it.
drop index message_of_address;
