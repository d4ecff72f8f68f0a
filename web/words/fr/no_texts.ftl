no-texts-title = Numéros de téléphone sans textos
no-texts-about = Ces usagers sont joints par les autres moyens. Seul l’usager peut y revenir : il envoie DÉBUT au numéro d’où viennent nos textos.
no-texts-which = Numéro
no-texts-patron = L’usager ne veut pas de textos
no-texts-number = Ce numéro ne peut pas recevoir de textos
no-texts-system = Selon le système de votre bibliothèque
