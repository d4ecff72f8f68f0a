bounces-title = Retours et liste d’exclusion
bounces-tab = Retours
bounces-about = Ce qui n’a pas pu être livré ces cinq dernières semaines, et pourquoi. Ce qui n’est que retardé ne compte pas.
bounces-none = Rien n’est revenu ces cinq dernières semaines.
bounces-count = { $count ->
    [one] Un message
   *[other] { $count } messages
}
bounces-newest = Les plus récents
stops-title = Liste d’exclusion
stops-about = Les adresses auxquelles votre bibliothèque n’écrit plus. Une adresse y entre si son fournisseur dit qu’elle ne fonctionne pas, si l’usager l’a demandé ou si le personnel l’y met.
stops-find = Vérifier une adresse
stops-free = { $address } n’est pas sur la liste : les avis y sont envoyés.
stops-free-messages = Voir ses messages
stops-none = Aucune adresse n’est exclue.
stops-choose = Choisir
stops-tick = Choisir { $address }
stops-address = Adresse
stops-why = Pourquoi
stops-since = Depuis
stops-by-refusal = Son fournisseur a refusé un avis
stops-by-bounce = Un avis est revenu
stops-by-complaint = L’usager a signalé un avis comme indésirable
stops-message = Le message
stops-again = Nouvel essai le { $day }
stops-use = Utiliser de nouveau
stops-use-hint = Les refus passés ne comptent plus. Votre raison est conservée.
stops-use-button = Utiliser de nouveau les adresses cochées
stops-reason = Raison
stops-first = Depuis le début
stops-next = Suite
stops-add = Exclure des adresses
stops-addresses = Adresses
stops-addresses-hint = Une par ligne; ajoutez au besoin une raison après une virgule.
stops-file = Enregistrer la liste en CSV
stops-wrong-address = Entrez une adresse courriel entière, comme nom@bibliotheque.example
stops-wrong-reason = Dites pourquoi : la raison est conservée avec l’adresse
stops-wrong-lines = { $count ->
    [one] Cette ligne n’a pas d’adresse courriel : { $lines }
   *[other] { $count } lignes n’ont pas d’adresse courriel, comme { $lines }
}
stops-wrong-number = Entrez de 1 à { $count } adresses
done-used-again = Le prochain avis y sera de nouveau envoyé.
done-stopped = Votre bibliothèque n’y écrit plus.
