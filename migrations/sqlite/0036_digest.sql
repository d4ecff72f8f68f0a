-- When a waiting notice is told together with others for its patron; null: it waits for no others.
alter table message add column digest_at integer;
-- With which others: a hash of patron, way, address and language.
alter table message add column digest_of blob;
-- The event of the message in which it was told together with others.
alter table message add column told_in blob;
create index message_digest_at on message (digest_at) where digest_at is not null;
create index message_digest_of on message (library, digest_of, id) where digest_of is not null;
create index message_told_in on message (told_in) where told_in is not null;
