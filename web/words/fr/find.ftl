find-title = Chercher dans toutes les bibliothèques
find-what = Numéro de demande ou identifiant de message
find-none = Aucune demande n’a ce numéro, aucun message cet identifiant. Pour chercher un usager, allez à sa bibliothèque.
