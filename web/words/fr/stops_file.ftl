stops-file-bring = Exclure les adresses d’un fichier
stops-file-choose = Un fichier d’adresses (CSV)
stops-file-hint = Des colonnes nommées adresse et raison, ou des adresses seules, une par ligne. Vous voyez ce qu’il contient avant que rien ne change.
stops-file-check = Vérifier le fichier
stops-file-title = Ce que contient le fichier
stops-file-none = Il n’y a aucune adresse dans ce fichier. Enregistrez votre liste en CSV, une adresse par ligne, et choisissez-la de nouveau.
stops-file-good = { $count ->
    [one] Une adresse peut être exclue.
   *[other] { $count } adresses peuvent être exclues.
}
stops-file-nothing = Il ne reste aucune adresse à exclure dans ce fichier.
stops-file-listed = { $count ->
    [one] Une est déjà sur la liste.
   *[other] { $count } sont déjà sur la liste.
}
stops-file-repeated = { $count ->
    [one] Une ligne répète une adresse.
   *[other] { $count } lignes répètent une adresse.
}
stops-file-wrong = { $count ->
    [one] Une ligne ne peut pas servir
   *[other] { $count } lignes ne peuvent pas servir
}
stops-file-wrong-about = Elles sont laissées de côté. Pour les exclure aussi, corrigez-les dans votre fichier et vérifiez-le de nouveau.
stops-file-more = { $count ->
    [one] Et une autre.
   *[other] Et { $count } autres.
}
stops-file-line = Ligne
stops-file-text = Contenu
stops-file-why = Ce qui ne va pas
stops-file-empty = Il n’y a pas d’adresse
stops-file-no-address = Ce n’est pas une adresse courriel
stops-file-unreadable = À partir d’ici, ce n’est pas un fichier CSV
stops-file-too-many = Trop à la fois : apportez le reste dans un second fichier
stops-file-first = Les premières
stops-file-reason-hint = Pour les adresses qui n’ont pas de raison propre dans le fichier.
stops-file-apply = { $count ->
    [one] Ne plus écrire à cette adresse
   *[other] Ne plus écrire à ces { $count } adresses
}
stops-file-back = Revenir à la liste sans rien changer
