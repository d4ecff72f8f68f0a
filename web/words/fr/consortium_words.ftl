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
consortium-words-standard = Revenir aux mots d’origine
history-standard = les mots d’origine
history-reset-standard = À partir d’ici, les mots d’origine ont servi.
history-against-standard = Par rapport aux mots d’origine
