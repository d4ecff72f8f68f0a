nav-consortium-words = Words
consortium-words-title = Words for all libraries
consortium-words-about = What notices say where a library has no words of its own. A change here reaches all of those libraries with the next notice; words that a library has written stay as they are.
consortium-words-own = The consortium’s own
consortium-words-libraries = Libraries with their own
consortium-words-for-all = These words are for all libraries that have none of their own.
consortium-words-but = { $count ->
    [one] One library has its own, which stay.
   *[other] { $count } libraries have their own, which stay.
}
consortium-words-publish = Publish for all libraries
consortium-words-test-as = In the name of
consortium-words-test-about = It leaves in the name of the library you choose, says what stands above with the example values, and is marked as a test. What you typed is kept as a draft.
consortium-words-test-library = Choose the library in whose name the test is sent
consortium-words-test-language = { $library } does not write in this language. Choose another library, or the other language.
consortium-words-test-none = A test is sent in the name of a library, and there is none here yet.
history-none-consortium = The consortium has never changed these words.
history-standard = the standard words
history-reset-standard = From here on the standard words were used.
history-against-standard = Against the standard words
history-standard-title = The consortium’s words, or the standard ones
history-standard-about = The standard words come with the service.
history-take-standard = Use the standard words
replace-becomes-consortiums = Standard words; they become the consortium’s.
replace-none-consortium = That stands in no notice.
