-- So many notices of one kind came at once that a person is asked first: what is new is held while nobody has let it go.
create table brake (
    library    text not null,
    notice     text not null,
    since      integer not null,
    let_go_at  integer,                      -- from then on it counts anew
    let_go_by  text,
    primary key (library, notice)
) strict, without rowid;
