no-texts-title = Telephone numbers that get no text messages
no-texts-about = Their patrons are reached by the other ways. Only the patron can change this: they text START to the number that our messages come from.
no-texts-which = Number
no-texts-patron = The patron asked for no texts
no-texts-number = The number cannot take texts
no-texts-system = Your library’s system says so
