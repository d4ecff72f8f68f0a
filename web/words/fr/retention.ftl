retention-title = Conservation
retention-about = Ce qui est conservé, combien de temps et pourquoi. Passé ce délai, tout s’efface automatiquement.
retention-what = Quoi
retention-how-long = Combien de temps
retention-erased = Effacé
retention-days = { $count } jours
retention-for-good = Tant que la bibliothèque utilise le service
retention-content = Destinataires et sujets des messages
retention-content-why = Noms, adresses, titres et réponses des destinataires. Sert à renvoyer et à répondre aux questions.
retention-talk = Ce que les serveurs se sont dit
retention-talk-why = Sert à trouver pourquoi quelque chose n’est pas arrivé.
retention-address = La liste d’exclusion
retention-address-why = Pour n’écrire à personne à qui l’on ne doit pas écrire.
retention-submitted = Le courriel remis par vos systèmes
retention-submitted-why = Tel qu’il est venu, pour pouvoir le renvoyer.
retention-events = Qu’il y a eu un message, et ce qu’il est devenu
retention-events-why = Aucun nom : les chiffres de la page Acheminement.
retention-audit = Journal des changements
retention-audit-why = Qui a changé quoi. Les usagers n’y figurent que par leur numéro.
retention-count = { $count ->
    [one] Un message
   *[other] { $count } messages
}
retention-upto = Fait jusqu’au { $day }
retention-due = { $count } à effacer; cela se fait automatiquement, une fois par jour.
retention-change = Changer les durées
retention-not-own = Ce sont les durées du consortium. Ce que vous enregistrez ici ne vaut que pour votre bibliothèque.
retention-in-days = En jours
retention-in-days-content = En jours, au moins { $count } : le temps qu’une lettre attende d’être postée, et une semaine
retention-wrong-content = Entrez un nombre de jours de { $count } à { $most } : d’ici là, les lettres qui attendent d’être postées ont besoin du nom et de l’adresse
retention-wrong-talk = Entrez un nombre de jours de { $count } à { $most }
retention-asks = { $count } messages perdront leurs noms, adresses et titres dans les prochaines heures.
retention-asks-about = C’est irréversible. Appuyez sur le bouton ci-dessous si vous en êtes sûr.
retention-sure = Effacer, et enregistrer
retention-texts = Les noms que les passerelles donnent aux textos
retention-texts-why = Les accusés viennent en quelques jours. Les textos des usagers sont transmis et ne sont pas conservés.
retention-patrons = Ce qu’on sait des usagers : nom, coordonnées, choix, consentement aux textos
retention-patrons-why = Depuis le dernier changement, et tant qu’un de leurs avis est conservé. Ce qu’ils ont refusé (ARRET, signalement d’un indésirable) reste pour de bon, afin d’être respecté.
