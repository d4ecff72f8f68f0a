-- When a letter was first printed: what lies on somebody's desk may be in the post already. Null where nobody has printed it.
alter table message add column printed_at integer;
