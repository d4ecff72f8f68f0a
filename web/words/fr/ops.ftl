nav-ops = Exploitation
ops-title = Exploitation
ops-verdict-good = Tout avance.
ops-verdict-paused = L’envoi est suspendu pour tout le monde.
ops-verdict-stuck = { $count ->
    [one] Le plus ancien message attend depuis une minute.
   *[other] Le plus ancien message attend depuis { $count } minutes.
}
ops-version = Courtesy { $version }.
ops-since = En marche depuis le { $when } (UTC).
ops-queue = La file d’attente
ops-everybody = Tout le monde
ops-resume = Reprendre l’envoi
ops-flush = Tout essayer maintenant
ops-pause = Suspendre pour tous
ops-wrong = Ce qui ne va pas
ops-nothing-wrong = Rien à signaler.
ops-until = En pause jusqu’au { $when } (UTC)
ops-times = { $count ->
    [one] Une fois,
   *[other] { $count } fois, depuis
}
ops-providers = Fournisseurs, cette semaine et la précédente
ops-no-providers = Rien n’a été envoyé.
ops-no-relays = Aucun relais n’est configuré : voyez les réglages.
ops-host = Hôte
ops-sources = Envoie depuis
ops-any-source = l’adresse que choisit son système
ops-planned = Prévu pour le { $day }
ops-ending = N’enverra plus à partir du { $day }
ops-nowhere = Aucune machine en marche ne l’a : rien ne part par lui
done-paused = L’envoi est suspendu. Ce qui est en cours se termine.
done-resumed = L’envoi reprend.
done-flushed = Tout ce qui attend est essayé maintenant.
ops-drained = Hors service depuis le { $when } (UTC), par { $by }
ops-many = Beaucoup d’un coup : les laisser partir?
ops-held = { $count ->
    [one] un message est retenu
   *[other] { $count } messages sont retenus
}
ops-let-go = Les laisser partir
ops-drop = Les annuler
ops-relay-resume = Remettre en service
ops-relay-drain = Mettre hors service
done-let-go = Ils partent maintenant.
done-dropped = Ils sont annulés et ne seront pas envoyés.
ops-relay-ptr = Son adresse n’a pas de nom dans le DNS qui mène de nouveau à elle.
ops-relay-helo = Le nom qu’il donne mène à d’autres adresses.
ops-relay-certificate = Son certificat est à renouveler.
ops-relay-port-25 = Il ne joint aucun serveur de courriel : le port 25 semble fermé.
ops-relay-block-lists = Son adresse est sur une liste de blocage.
ops-verdict-relays = { $count ->
    [one] Un relais demande votre attention.
   *[other] { $count } relais demandent votre attention.
}
ops-do = Que faire
