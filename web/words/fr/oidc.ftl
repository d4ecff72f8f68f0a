oidc-sign-in = Ouvrir une session avec { $name }
oidc-no-provider = Le service de connexion de votre consortium ne répond pas. Réessayez dans une minute, ou utilisez votre nom et votre mot de passe.
oidc-not-begun = Cette ouverture de session n’a pas commencé dans ce navigateur, ou elle a duré trop longtemps. Recommencez.
oidc-not-believed = La réponse n’a pas pu être vérifiée. Recommencez; si cela persiste, prévenez la personne qui exploite ce service.
oidc-unknown = On vous connaît là-bas, mais vous n’avez pas d’accès ici. La personne qui administre votre bibliothèque peut vous ajouter sous Administration PEB, Personnel.
