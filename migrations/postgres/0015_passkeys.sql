-- Passkeys by which staff sign in: the public halves.
create table passkey (
    credential  bytea primary key,           -- what the authenticator calls it
    staff       bytea not null,
    name        text collate "C" not null,   -- what its owner calls it
    public_key  bytea not null,              -- SubjectPublicKeyInfo, DER
    algorithm   bigint not null,             -- as COSE numbers it: -7, -8 or -257
    counter     bigint not null,             -- what the authenticator counted last; most count nothing
    created_at  bigint not null,
    used_at     bigint
);
create index passkey_of_staff on passkey (staff);
