nav-consortium-words = Textes
consortium-words-title = Textes pour toutes les bibliothèques
consortium-words-about = Ce que disent les avis des bibliothèques qui n’ont pas leurs propres textes. Un changement ici vaut pour toutes dès le prochain avis; les textes qu’une bibliothèque a écrits restent tels quels.
consortium-words-own = Celui du consortium
consortium-words-libraries = Bibliothèques qui ont le leur
consortium-words-for-all = Ce texte sert à toutes les bibliothèques qui n’ont pas le leur.
consortium-words-but = { $count ->
    [one] Une bibliothèque a le sien, qui reste.
   *[other] { $count } bibliothèques ont le leur, qui reste.
}
consortium-words-publish = Publier pour toutes les bibliothèques
consortium-words-test-as = Au nom de
consortium-words-test-about = L’essai part au nom de la bibliothèque choisie, contient ce qui figure ci-dessus, avec les valeurs d’exemple, et porte la mention d’un essai. Ce que vous avez tapé est gardé comme brouillon.
consortium-words-test-library = Choisissez la bibliothèque au nom de laquelle l’essai est envoyé
consortium-words-test-language = { $library } n’écrit pas dans cette langue. Choisissez une autre bibliothèque, ou l’autre langue.
consortium-words-test-none = Un essai part au nom d’une bibliothèque, et il n’y en a pas encore ici.
history-none-consortium = Le consortium n’a jamais modifié ce texte.
history-standard = le texte d’origine
history-reset-standard = À partir d’ici, le texte d’origine a servi.
history-against-standard = Par rapport au texte d’origine
history-standard-title = Le texte du consortium, ou celui d’origine
history-standard-about = Le texte d’origine vient avec le service.
history-take-standard = Reprendre le texte d’origine
replace-becomes-consortiums = Texte d’origine; il devient celui du consortium.
replace-none-consortium = Cela ne figure dans aucun avis.
