-- What people find an event by: its patron's name, number and addresses, and its title, in small letters without accents. The index
-- has it too, so that looking through years of events reads nothing else. Null: not written yet, which the program sees to, a slice at
-- a time, for what was told before.
alter table event add column found_by text;
create index event_found_by on event (library, id, found_by);
create index event_unsought on event (id) where found_by is null;
