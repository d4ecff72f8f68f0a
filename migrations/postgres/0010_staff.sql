-- Persons with a sign-in. What they may do, and where, stands in staff_role.
create table staff (
    id          bytea primary key,
    login       text collate "C" not null unique,      -- lower case: an address, or 'operator'
    name        text collate "C" not null,
    password    text collate "C",                      -- argon2id, PHC form; null: no password, another way in
    created_at  bigint not null,
    ended_at    bigint                    -- null: may sign in
);

-- One role a person and library. The library '' is the whole consortium.
create table staff_role (
    staff    bytea not null,
    library  text collate "C" not null,
    role     text collate "C" not null,
    primary key (staff, library)
);
create index staff_role_of_library on staff_role (library);

-- Codes printed for the day on which nothing else opens, each good for once.
create table recovery_code (
    staff    bytea not null,
    hash     bytea not null,
    used_at  bigint,
    primary key (staff, hash)
);

-- Links that sign somebody in once.
create table sign_in_link (
    hash        bytea primary key,
    staff       bytea not null,
    expires_at  bigint not null,
    used_at     bigint
);

create table session (
    hash        bytea primary key,          -- SHA-256 of the cookie's value, which is not kept
    id          bytea not null unique,
    staff       bytea not null,
    way         text collate "C" not null,             -- 'link', 'password', 'recovery', 'passkey' or 'oidc'
    device      text collate "C" not null,             -- what the browser says it is, cut
    created_at  bigint not null,
    seen_at     bigint not null,
    expires_at  bigint not null
);
create index session_of_staff on session (staff);

-- Forms that were sent, so that a double click does a thing once.
create table form_sent (
    token    text collate "C" primary key,
    at       bigint not null,
    leads_to text collate "C"                          -- where the first click was led; null: it is under way
);
create index form_sent_at on form_sent (at);
