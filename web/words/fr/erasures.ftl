erasures-title = Effacé récemment, et en cours d’effacement
erasures-about = Un usager effacé disparaît aussitôt de la vue et ne reçoit plus rien. Le reste se fait de soi-même, peu à peu, pour ne faire attendre personne. Aucune ligne d’ici ne dit de qui il s’agissait.
erasures-none = Rien n’a encore été effacé.
erasures-stands = Où cela en est
erasures-by = demandé par { $by }
erasures-by-itself = son temps était venu
erasure-of-patron = Un usager
erasure-of-retention = Ce qui a été conservé assez longtemps
erasure-waiting = En attente
erasure-under-way = En cours
erasure-failing = N’a pas pu continuer
erasure-failing-hint = Nouvel essai le { $time }, sans abandonner. Si cela dure, dites-le à qui exploite Courtesy.
erasure-done = Fait
erasure-left = Encore { $count }
erasure-events = { $count ->
    [one] Un événement sans nom
   *[other] { $count } événements sans nom
}
erasure-messages = { $count ->
    [one] Un message sans adresse ni titre
   *[other] { $count } messages sans adresse ni titre
}
erasure-talks = { $count ->
    [one] Un message sans les paroles des serveurs
   *[other] { $count } messages sans les paroles des serveurs
}
erasure-cancelled = { $count ->
    [one] Un message en attente a été retiré
   *[other] { $count } messages en attente ont été retirés
}
erasure-beside = { $count ->
    [one] Une coordonnée, un choix ou un appareil
   *[other] { $count } coordonnées, choix et appareils
}
deed-patron-erase-asked = L’effacement d’un usager a été demandé
deed-retention-erased = Ce qui a été conservé assez longtemps a été effacé
