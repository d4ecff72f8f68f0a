tasks-title = Préparez vos avis
tasks-about = Cinq courtes tâches, dans l’ordre qui vous plaît; vous pouvez partir et revenir. Le premier avis peut partir en cinq minutes, et rien n’est requis dans le DNS.
tasks-done-count = { $count ->
    [0] Aucune n’est encore faite.
    [one] Une est faite.
   *[other] { $count } sont faites.
}
tasks-done = Fait
tasks-open = À faire
tasks-record = Votre bibliothèque
tasks-record-about = Son nom, son téléphone, ses heures, son fuseau horaire et ses langues.
tasks-sender = De qui viennent les avis
tasks-sender-about = L’adresse commune fonctionne tout de suite. Dites où vont les réponses; votre propre adresse peut venir plus tard.
tasks-notices = Quels avis partent
tasks-notices-about = { $count ->
    [one] Un avis est activé.
   *[other] { $count } avis sont activés.
} Parcourez-les, et changez ce que vous diriez autrement.
tasks-test = S’envoyer un essai
tasks-test-about = Voyez-le partir, et s’il est dans votre boîte de réception.
tasks-connect = Relier votre système de PEB
tasks-connect-about = Il nous transmet les demandes au moyen d’une clé de votre bibliothèque. Dès lors, les avis partent.
