me-which-library = Your library
me-which-library-hint = The one where you ask for books and pick them up
me-other-library = Another library
me-by-code = Or have a code sent to you
me-whom = Your email address, or the number of your library card
me-whom-hint = The address that your library has for you. We send the code only there.
me-whom-wrong = Enter an email address, such as name@mail.example, or the number of your library card
me-knock-wait = { $minutes ->
    [one] Several codes were asked for already. Please wait a minute, or use the link in your newest notice.
   *[other] Several codes were asked for already. Please wait { $minutes } minutes, or use the link in your newest notice.
}
me-knock-sent = If your library knows { $whom }, a code of eight digits is on its way to the address on record. It is good for twenty minutes.
me-knock-nothing = Nothing there? Look into spam. It may be that your library has another address for you, or has not sent you a notice yet: please ask there.
me-knock-again = Begin again
me-which-title = Which card is yours?
me-which-why = Several people get their notices at { $whom }. Your page opens by the number of your own library card.
me-which = Number of your library card
me-which-wrong = No page opens by this number. Look at your library card, or ask at your library.
me-sign-on-no-provider = { $name } does not answer just now. Try again in a minute, or have a code sent to you.
me-sign-on-not-begun = This sign-in was not begun in this browser, was broken off, or took too long. Begin once more.
me-sign-on-not-believed = What { $name } answered could not be believed. Begin once more; if it stays, tell your library, and have a code sent to you.
me-sign-on-nobody = { $name } has not told us who you are. Please tell your library, and have a code sent to you.
me-sign-on-several = Several people have the address that { $name } told us. Have a code sent to you: then you can say which card is yours.
me-sign-on-unknown = You are signed in with { $name }, and your library has not sent you a notice yet. Your page begins with your first one.
