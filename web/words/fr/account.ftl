account-title = Votre compte
account-login = Vous ouvrez une session sous le nom { $login }.
account-password-set = Choisir un mot de passe
account-password-change = Changer votre mot de passe
account-old = Mot de passe actuel
account-new = Nouveau mot de passe
account-new-hint = 12 caractères ou plus. Trois ou quatre mots que vous retenez conviennent le mieux.
account-password-save = Enregistrer le mot de passe
account-wrong-old = Le mot de passe actuel est inexact.
account-too-short = Entrez un mot de passe de { $count } caractères ou plus
account-too-long = Entrez un mot de passe de { $count } caractères au plus
account-is-login = Entrez un mot de passe qui ne contient pas votre nom
account-codes = Codes de secours
account-codes-left = { $count ->
    [0] Vous n’en avez aucun. Ils servent quand rien d’autre ne fonctionne.
    [one] Il vous en reste un.
   *[other] Il vous en reste { $count }.
}
account-codes-make = Créer de nouveaux codes
account-codes-new = Vos nouveaux codes de secours
account-codes-keep = Imprimez cette page maintenant : ils ne sont montrés qu’une fois. Chacun sert une seule fois, et les anciens n’ouvrent plus.
account-devices = Où votre session est ouverte
account-device = { $browser } sur { $system }
account-device-unknown = Un navigateur
account-this-device = Cet appareil
account-seen = Dernière utilisation : { $when }
account-end = Fermer là-bas
done-password = Votre mot de passe est enregistré. Vos sessions sont fermées partout ailleurs.
done-session-ended = Session fermée là-bas.
