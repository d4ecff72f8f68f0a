sign-in-title = Ouvrir une session
sign-in-login = Nom ou adresse courriel
sign-in-password = Mot de passe
sign-in-button = Ouvrir la session
sign-in-wrong = Le nom ou le mot de passe est inexact. Vérifiez les deux et réessayez.
sign-in-wait = { $seconds ->
    [one] Il y a eu plusieurs essais. Attendez une seconde et réessayez.
   *[other] Il y a eu plusieurs essais. Attendez { $seconds } secondes et réessayez.
}
sign-in-no-way = Je ne peux pas ouvrir de session
sign-in-no-way-colleague = Une personne qui gère le personnel peut vous créer un lien qui ouvre une session une fois.
sign-in-no-way-code = Utiliser un code de secours imprimé
sign-in-no-way-operator = La personne qui exploite ce service crée un lien sur le serveur :
recovery-title = Ouvrir une session avec un code de secours
recovery-about = Chaque code de votre liste imprimée sert une seule fois.
recovery-code = Code de secours
recovery-wrong = Le nom ou le code est inexact, ou le code a déjà servi.
recovery-back = Plutôt avec un mot de passe
link-title = Ouvrir une session par un lien
link-hello = Bonjour, { $name }
link-about = Ce lien ouvre une session une seule fois, sur cet appareil.
link-over-title = Ce lien ne s’ouvre plus
link-over = Il a déjà servi, ou il a plus d’une journée.
link-over-do = Demandez-en un nouveau à la personne qui vous l’a donné. Sur le serveur :
done-signed-out = Votre session est fermée.
done-welcome = Bienvenue. Choisissez un mot de passe pour pouvoir revenir sans lien.
