-- The relays that each process can send through at the moment. JSON.
alter table process add column seats text collate "C" not null default '[]';
