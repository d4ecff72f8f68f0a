reach-title = Comment joindre les usagers
reach-about = Quel moyen d’abord, lequel ensuite, et à quelles heures. Le choix de l’usager passe avant.
reach-ways = Moyens de joindre l’usager
reach-ways-hint = Quand l’un échoue, le suivant est essayé. Dès que l’un réussit, c’est fini : personne n’est avisé deux fois.
reach-no-texts = Aucune passerelle de textos n’est encore configurée ici : les textos sont sautés.
reach-place = { $number ->
    [1] En premier
    [2] En deuxième
    [3] En troisième
   *[other] En dernier
}
reach-way-mail = Courriel
reach-way-text = Texto
reach-way-push = Notification
reach-way-letter = Lettre
reach-none = aucun
reach-next-after = Essayer le moyen suivant après
reach-next-after-hint = En heures. 0 : seulement quand le précédent a échoué. Un message encore en attente est d’abord annulé.
reach-after-hours = { $count ->
    [one] une heure, ou dès que le précédent a échoué
   *[other] { $count } heures, ou dès que le précédent a échoué
}
reach-when-failed = dès que le précédent a échoué
reach-ladders = Autres ordres pour certains avis
reach-ladders-hint = Un par ligne : l’avis, un deux-points et ses moyens, par exemple overdue: Courriel, Lettre
reach-quiet = Heures de silence
reach-quiet-hint = Les textos et les notifications attendent qu’elles soient passées. Pour ne jamais attendre, mettez deux fois la même heure.
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
reach-wrong-ladder = Choisissez au moins un moyen
reach-wrong-ladders = Écrivez l’avis, un deux-points, puis les moyens, par exemple overdue: Courriel, Lettre
reach-wrong-next-after-hours = Entrez des heures de 0 à 48
reach-wrong-quiet-from = Entrez des heures comme 21:00
reach-wrong-postal = Entrez au plus 7 lignes de 60 caractères
reach-notices = Les avis et leurs codes
