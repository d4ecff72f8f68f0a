-- Who changed what, and why: added to, and never changed. The library '' is the consortium and the installation.
create table audit (
    id       blob primary key,
    library  text not null,
    n        integer not null,             -- its place among those of its library; the first is 1
    at       integer not null,
    by_whom  text not null,
    what     text not null,
    subject  text not null,                -- what it was done to
    changes  text not null,                -- JSON: field, was, is
    reason   text not null,
    seal     blob not null,                -- SHA-256 of the entry and of the seal before it
    unique (library, n)
) strict;

-- The newest entry of each library: an end that was cut off is missed.
create table audit_end (
    library  text primary key,
    n        integer not null,
    seal     blob not null
) strict;

create trigger audit_is_not_changed before update on audit
begin
    select raise(abort, 'an entry of the audit is not changed');
end;
create trigger audit_is_not_deleted before delete on audit
begin
    select raise(abort, 'an entry of the audit is not deleted');
end;
