-- The relays that each process can send through at the moment. JSON.
alter table process add column seats text not null default '[]';
