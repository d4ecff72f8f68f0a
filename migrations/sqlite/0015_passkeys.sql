-- Passkeys by which staff sign in: the public halves.
create table passkey (
    credential  blob primary key,           -- what the authenticator calls it
    staff       blob not null,
    name        text not null,              -- what its owner calls it
    public_key  blob not null,              -- SubjectPublicKeyInfo, DER
    algorithm   integer not null,           -- as COSE numbers it: -7, -8 or -257
    counter     integer not null,           -- what the authenticator counted last; most count nothing
    created_at  integer not null,
    used_at     integer
) strict;
create index passkey_of_staff on passkey (staff);
