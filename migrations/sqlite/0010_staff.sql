-- Persons with a sign-in. What they may do, and where, stands in staff_role.
create table staff (
    id          blob primary key,
    login       text not null unique,      -- lower case: an address, or 'operator'
    name        text not null,
    password    text,                      -- argon2id, PHC form; null: no password, another way in
    created_at  integer not null,
    ended_at    integer                    -- null: may sign in
) strict;

-- One role a person and library. The library '' is the whole consortium.
create table staff_role (
    staff    blob not null,
    library  text not null,
    role     text not null,
    primary key (staff, library)
) strict;
create index staff_role_of_library on staff_role (library);

-- Codes printed for the day on which nothing else opens, each good for once.
create table recovery_code (
    staff    blob not null,
    hash     blob not null,
    used_at  integer,
    primary key (staff, hash)
) strict;

-- Links that sign somebody in once.
create table sign_in_link (
    hash        blob primary key,
    staff       blob not null,
    expires_at  integer not null,
    used_at     integer
) strict;

create table session (
    hash        blob primary key,          -- SHA-256 of the cookie's value, which is not kept
    id          blob not null unique,
    staff       blob not null,
    way         text not null,             -- 'link', 'password', 'recovery', 'passkey' or 'oidc'
    device      text not null,             -- what the browser says it is, cut
    created_at  integer not null,
    seen_at     integer not null,
    expires_at  integer not null
) strict;
create index session_of_staff on session (staff);

-- Forms that were sent, so that a double click does a thing once.
create table form_sent (
    token    text primary key,
    at       integer not null,
    leads_to text                          -- where the first click was led; null: it is under way
) strict;
create index form_sent_at on form_sent (at);
