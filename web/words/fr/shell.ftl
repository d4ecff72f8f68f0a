shell-service = Avis de la bibliothèque
shell-skip = Aller au contenu
shell-find = Usager, titre, demande
shell-find-button = Chercher
shell-navigation = Tableau de bord
shell-trail = Où vous êtes
shell-sign-out = Fermer la session
shell-change-library = Changer de bibliothèque
shell-relays = Relais de courriel
shell-wrong = Erreur :{" "}
shell-problem = Il y a un problème
nav-home = Accueil
nav-messages = Messages
nav-unreached = Non joints
nav-bounces = Retours
nav-arrival = Acheminement
nav-ill-admin = Administration PEB
number = { $count }
time-now = à l’instant
time-minutes-ago = { $count ->
    [one] il y a une minute
   *[other] il y a { $count } minutes
}
time-today = aujourd’hui à { $time }
language-en = anglais
language-fr = français
yes = Oui
no = Non
copy = Copier
copied = Copié
done-saved = Enregistré.
