-- How often somebody has tried a code, or which of several patrons they are; whichever process they come by.
create table code_tried (
    library  text collate "C" not null,
    code     text collate "C" not null, -- tells the code from others; not its digits
    tries    bigint not null,
    at       bigint not null,           -- of the first
    primary key (library, code)
);
create index code_tried_at on code_tried (at);

-- The message that a person's mail replies to. Of a patron who is erased the mail goes once it is passed on.
alter table reply add column about bytea;
create index reply_about on reply (about) where about is not null;

-- A secret for a service that nobody signs in at any more.
delete from sign_on_secret where not exists (select 1 from library
    where library.library = sign_on_secret.library and library.record::json ->> 'sign_on' is not null);
