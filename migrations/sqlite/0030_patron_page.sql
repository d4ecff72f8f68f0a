-- Whose event it is: the library's number for the patron, or their address; '' where nobody knows.
alter table event add column patron text not null default '';
create index event_of_patron on event (library, patron, id) where patron <> '';

-- Where a patron says that a message is. One word for each message, the latest.
create table patron_word (
    message  blob primary key,
    library  text not null,
    provider text not null,                -- as the message has it; '' where it has none
    place    text not null,                -- 'inbox', 'spam', 'nowhere'
    at       integer not null
) strict;
create index patron_word_of_library on patron_word (library, at);
