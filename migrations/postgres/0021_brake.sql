-- So many notices of one kind came at once that a person is asked first: what is new is held while nobody has let it go.
create table brake (
    library    text collate "C" not null,
    notice     text collate "C" not null,
    since      bigint not null,
    let_go_at  bigint,                      -- from then on it counts anew
    let_go_by  text collate "C",
    primary key (library, notice)
);
