-- What proves us to the service at which a library's patrons sign in.
create table sign_on_secret (
    library     text collate "C" primary key,
    sealed      bytea not null,             -- bound to library, service and client
    changed_at  bigint not null
);

-- The mail address on record, in small letters: a patron without a link says who they are by it.
alter table patron add column mail text collate "C";
update patron set mail = lower(record::json -> 'patron' ->> 'email');
create index patron_of_mail on patron (library, mail) where mail is not null;
