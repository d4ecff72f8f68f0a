letters-title = Lettres
letters-about = Les avis qu’aucun autre moyen n’a permis de remettre. Imprimez-les, postez-les, puis marquez-les comme postés.
letters-none = Aucune lettre en attente.
letters-not-begun = Ce sont les lettres de ce jour-là : d’autres peuvent encore s’ajouter. Une lettre urgente peut être imprimée seule.
letters-print = { $count ->
    [one] Imprimer la lettre (PDF)
   *[other] Imprimer les { $count } lettres (PDF)
}
letters-both-sides = Pour une imprimante recto verso
letters-print-one = Imprimer
letters-fold = Elles sont faites pour des enveloppes à fenêtre : pliez chacune aux repères, l’adresse à l’extérieur. La première page est une liste. Ne postez que ce qui a été imprimé : le reste ira dans le fichier suivant.
letters-mark = Marquer celles qui sont imprimées comme postées
letters-printed = imprimée
letters-mark-one = Postée
letters-no-address = Il n’y a pas d’adresse postale. Prévenez l’usager autrement.
letters-unwritten = Ce qu’elle dirait n’existe plus ou n’est pas complet. Prévenez l’usager autrement.
letters-unprintable = Le nom ou l’adresse contient des caractères qu’on ne peut imprimer ici. Écrivez-les à la main ou prévenez l’usager autrement.
letters-no-return = La bibliothèque n’a pas d’adresse postale dans son dossier du participant : les lettres n’indiquent pas d’adresse de retour.
letters-not-made = Les lettres n’ont pas pu être préparées. Réessayez dans un instant.
letters-state-waits = Lettre à poster
letters-state-posted = Postée
letters-caveat = Nous savons qu’elle a été postée, non qu’elle est arrivée.
letters-choose = Une lettre
done-letters-posted = C’est noté : postées.
done-letters-none-posted = Rien n’a été marqué : aucune lettre imprimée de ce jour n’est en attente. Imprimez-les d’abord.
channel-letter = Lettre
