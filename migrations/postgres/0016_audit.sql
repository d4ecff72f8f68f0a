-- Who changed what, and why: added to, and never changed. The library '' is the consortium and the installation.
create table audit (
    id       bytea primary key,
    library  text collate "C" not null,
    n        bigint not null,              -- its place among those of its library; the first is 1
    at       bigint not null,
    by_whom  text collate "C" not null,
    what     text collate "C" not null,
    subject  text collate "C" not null,    -- what it was done to
    changes  text collate "C" not null,    -- JSON: field, was, is
    reason   text collate "C" not null,
    seal     bytea not null,               -- SHA-256 of the entry and of the seal before it
    unique (library, n)
);

-- The newest entry of each library: an end that was cut off is missed.
create table audit_end (
    library  text collate "C" primary key,
    n        bigint not null,
    seal     bytea not null
);

create function audit_stays() returns trigger language plpgsql as $$
begin
    raise exception 'an entry of the audit is neither changed nor deleted';
end
$$;
create trigger audit_is_not_changed before update on audit for each row execute function audit_stays();
create trigger audit_is_not_deleted before delete on audit for each row execute function audit_stays();
