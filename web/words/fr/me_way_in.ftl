me-which-library = Votre bibliothèque
me-which-library-hint = Celle où vous demandez vos livres et où vous venez les chercher
me-other-library = Une autre bibliothèque
me-by-code = Ou recevez un code
me-whom = Votre adresse courriel, ou le numéro de votre carte de bibliothèque
me-whom-hint = L’adresse que votre bibliothèque connaît. Nous n’envoyons le code qu’à celle-là.
me-whom-wrong = Entrez une adresse courriel, par exemple nom@courriel.example, ou le numéro de votre carte de bibliothèque
me-knock-wait = { $minutes ->
    [one] Plusieurs codes ont déjà été demandés. Attendez une minute, ou prenez le lien de votre dernier avis.
   *[other] Plusieurs codes ont déjà été demandés. Attendez { $minutes } minutes, ou prenez le lien de votre dernier avis.
}
me-knock-sent = Si votre bibliothèque connaît { $whom }, un code de huit chiffres est en route vers l’adresse à votre dossier. Il est bon pendant vingt minutes.
me-knock-nothing = Rien reçu? Regardez dans le pourriel. Votre bibliothèque a peut-être une autre adresse pour vous, ou ne vous a pas encore envoyé d’avis : demandez-le-lui.
me-knock-again = Recommencer
me-which-title = Quelle carte est la vôtre?
me-which-why = Plusieurs personnes reçoivent leurs avis à { $whom }. Votre page s’ouvre par le numéro de votre propre carte de bibliothèque.
me-which = Numéro de votre carte de bibliothèque
me-which-wrong = Aucune page ne s’ouvre par ce numéro. Regardez votre carte de bibliothèque, ou adressez-vous à votre bibliothèque.
me-sign-on-no-provider = { $name } ne répond pas en ce moment. Réessayez dans une minute, ou recevez un code.
me-sign-on-not-begun = Cette ouverture de session n’a pas commencé dans ce navigateur, a été interrompue ou a duré trop longtemps. Recommencez.
me-sign-on-not-believed = La réponse de { $name } n’est pas crédible. Recommencez; si cela persiste, dites-le à votre bibliothèque, et recevez un code.
me-sign-on-nobody = { $name } ne nous a pas dit qui vous êtes. Dites-le à votre bibliothèque, et recevez un code.
me-sign-on-several = Plusieurs personnes ont l’adresse donnée par { $name }. Recevez un code : vous pourrez dire quelle carte est la vôtre.
me-sign-on-unknown = Votre session est ouverte avec { $name }, mais votre bibliothèque ne vous a pas encore envoyé d’avis. Votre page commence avec le premier.
