reach-title = Comment joindre les usagers
reach-about = Quelle voie d’abord, laquelle ensuite, et quand. Ce que l’usager a choisi passe avant.
reach-ways = Voies vers l’usager
reach-ways-hint = Quand l’une échoue, la suivante est essayée. Dès que l’une réussit, c’est fini : personne n’est averti deux fois.
reach-no-texts = Aucune passerelle de textos n’est encore configurée ici : les textos sont sautés.
reach-place = { $number ->
    [1] D’abord
    [4] En dernier
   *[other] Ensuite
}
reach-way-mail = Courriel
reach-way-text = Texto
reach-way-push = Notification
reach-way-letter = Lettre
reach-none = aucune
reach-next-after = Essayer la voie suivante après
reach-next-after-hint = En heures. 0 : seulement quand la précédente a échoué. Un message encore en attente est d’abord repris.
reach-after-hours = { $count ->
    [one] une heure, ou dès que la précédente a échoué
   *[other] { $count } heures, ou dès que la précédente a échoué
}
reach-when-failed = dès que la précédente a échoué
reach-ladders = Autres ordres pour certains avis
reach-ladders-hint = Un par ligne, comme overdue: mail, letter
reach-quiet = Heures de repos
reach-quiet-hint = Les textos et les notifications attendent qu’elles soient passées. Deux fois la même heure : ils n’attendent jamais.
reach-quiet-from = De
reach-quiet-to = Jusqu’à
reach-quiet-hours = de { $from } à { $to }
reach-quiet-closed = Ils attendent aussi les jours où la bibliothèque est fermée
reach-postal = Adresse postale de la bibliothèque
reach-postal-hint = Une ligne par élément. Les lettres non distribuables y reviennent.
reach-envelope = Enveloppes des lettres
envelope-no10 = No 10, fenêtre à gauche (papier Lettre)
envelope-din-5008-b = DL ou C6/5, fenêtre à gauche (A4, DIN 5008 forme B)
envelope-dl-right = DL, fenêtre à droite (A4)
reach-wrong-ladder = Choisissez au moins une voie
reach-wrong-ladders = Écrivez chacun ainsi : code de l’avis, deux-points, voies, comme overdue: mail, letter
reach-wrong-next-after-hours = Entrez des heures de 0 à 48
reach-wrong-quiet-from = Entrez des heures comme 21:00
reach-wrong-postal = Entrez au plus 7 lignes de 60 lettres
