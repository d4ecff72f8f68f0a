nav-consortium-words = Mots
consortium-words-title = Mots pour toutes les bibliothèques
consortium-words-about = Ce que disent les avis quand une bibliothèque n’a pas ses propres mots. Un changement ici vaut pour toutes ces bibliothèques dès le prochain avis; les mots qu’une bibliothèque a écrits ne changent pas.
consortium-words-own = Ceux du consortium
consortium-words-libraries = Bibliothèques qui ont leurs mots
consortium-words-for-all = Ces mots valent pour toutes les bibliothèques qui n’ont pas les leurs.
consortium-words-but = { $count ->
    [one] Une bibliothèque a les siens, qui restent.
   *[other] { $count } bibliothèques ont les leurs, qui restent.
}
consortium-words-publish = Publier pour toutes les bibliothèques
consortium-words-test-as = Au nom de
consortium-words-test-about = Il part au nom de la bibliothèque choisie, dit ce qui figure ci-dessus avec les valeurs d’exemple et porte la mention d’un essai. Ce que vous avez tapé est gardé comme brouillon.
consortium-words-test-library = Choisissez la bibliothèque au nom de laquelle l’essai est envoyé
consortium-words-test-language = { $library } n’écrit pas dans cette langue. Choisissez une autre bibliothèque, ou l’autre langue.
consortium-words-test-none = Un essai part au nom d’une bibliothèque, et il n’y en a pas encore ici.
history-none-consortium = Le consortium n’a jamais modifié ces textes.
history-standard = le texte d’origine
history-reset-standard = À partir d’ici, le texte d’origine a servi.
history-against-standard = Par rapport au texte d’origine
history-standard-title = Le texte du consortium, ou celui d’origine
history-standard-about = Le texte d’origine vient avec le service.
history-take-standard = Reprendre le texte d’origine
