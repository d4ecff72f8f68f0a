-- Accepted messages keep their ladders, for a bounce may come: they are many, and only a notification among them climbs by time, which
-- message_unseen finds. SQLite takes an index that begins with the state before one that does not.
drop index message_climbs;
create index message_climbs on message (state, climb_at) where rungs is not null and state <> 'accepted';
drop index message_unseen;
create index message_unseen on message (state, climb_at) where channel = 'push' and state = 'accepted' and rungs is not null;
