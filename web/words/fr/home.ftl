home-title = Tableau de bord
home-verdict-good = Vos avis sont acceptés.
home-verdict-most = La plupart de vos avis sont acceptés; quelques-uns ne le sont pas.
home-verdict-bad = Beaucoup de vos avis ne sont pas acceptés.
home-verdict-empty = Rien n’a été envoyé ces sept derniers jours.
home-verdict-none = Comment partent vos avis
home-as-own = Ils partent au nom de votre bibliothèque, de { $from }.
home-as-shared = Ils partent de l’adresse commune de votre bibliothèque, { $from }; les réponses vous parviennent.
home-checked = Vérifié { $when }.
home-unreached = { $count ->
    [0] Usagers que nous n’avons pas pu joindre
   *[other] Usagers que nous n’avons pas pu joindre ({ $count })
}
home-unreached-none = Tous les usagers ont été joints ces 14 derniers jours.
home-unreached-unseen = À notre connaissance, tous les usagers ont été joints. Mais les avis retournés vont à { $mailbox }, que nous ne voyons pas : consultez cette boîte.
home-unreached-more-unseen = Il y en a peut-être d’autres : les avis retournés vont à { $mailbox } et non à nous. Cherchez là aussi.
home-unreached-all = Tout ce qui n’a pas pu être livré
home-fix = Voir et corriger
home-phoned = Marquer comme appelé
home-days = 7 derniers jours
home-more-than = plus de { $count }
home-tile-all = { $count ->
    [one] message
   *[other] messages
}
home-tile-accepted = { $count ->
    [one] accepté
   *[other] acceptés
}
home-tile-failed = { $count ->
    [one] non livré
   *[other] non livrés
}
home-tile-under-way = en chemin
home-needs = À régler
home-paused = L’envoi est suspendu depuis le { $when }, par { $by }.
home-no-phone = Vos avis ne donnent aucun numéro de téléphone.
home-no-reply-to = Personne ne lit les réponses : il n’y a pas d’adresse de réponse.
home-no-staff-addresses = Aucune adresse du personnel n’est précisée : personne n’est avisé quand un prêt demande une intervention.
home-held = { $count ->
    [one] Un message attend une décision.
   *[other] { $count } messages attendent une décision.
}
home-decide = Décider
home-add = L’ajouter
libraries-title = Bibliothèques
libraries-find = Nom ou code d’une bibliothèque
libraries-name = Bibliothèque
libraries-code = Code
libraries-sender = Expéditeur
libraries-none = Aucune bibliothèque ne correspond. Cherchez une partie de son nom ou son code.
libraries-more = { $count ->
    [one] Une autre; précisez la recherche pour la voir.
   *[other] { $count } autres; précisez la recherche pour les voir.
}
done-handled = C’est noté. Il n’est plus dans la liste.
