nav-consortium-words = Words
consortium-words-title = Words for all libraries
consortium-words-about = What notices say where a library has no words of its own. A change here reaches all of those libraries with the next notice; words that a library has written stay as they are.
consortium-words-own = The consortium’s own
consortium-words-libraries = Libraries with their own words
consortium-words-for-all = These words are for all libraries that have none of their own.
consortium-words-but = { $count ->
    [one] One library has its own, which stay.
   *[other] { $count } libraries have their own, which stay.
}
consortium-words-publish = Publish for all libraries
consortium-words-standard = Go back to the standard words
history-standard = the standard words
history-reset-standard = From here on the standard words were used.
history-against-standard = Against the standard words
