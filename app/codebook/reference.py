"""The themes that a codebook may start with: those of the project diary of 2013.

A scheme takes them or not (`PUT /schemes/{id}/codebook/starter`); the demo does. What editors then
change stays changed.
"""

from typing import Any

THEMES: list[dict[str, Any]] = [
    {
        "key": "recrutement",
        "name": "Recrutement",
        "definition": (
            "Comment un jeune et un employeur se trouvent, se choisissent et signent : annonce,"
            " bouche à oreille, entretien, essai."
        ),
        "examples": [
            "« J'ai montré ma feuille de trajet à la dame, et elle m'a rappelé le lendemain »"
        ],
        "counter_examples": [
            "La signature du contrat avec la mission locale : démarches administratives"
        ],
        "color": "#1B6CA8",
    },
    {
        "key": "demarches",
        "name": "Démarches administratives",
        "definition": (
            "Formulaires, pièces, délais, interlocuteurs : ce qu'il faut remplir et attendre "
            "pour que le contrat existe et que l'aide arrive."
        ),
        "examples": ["« Il m'a manqué une attestation, j'ai attendu cinq semaines »"],
        "counter_examples": ["Chercher un candidat : recrutement"],
        "color": "#6B7A8F",
    },
    {
        "key": "formation",
        "name": "Formation",
        "definition": (
            "Ce que le jeune apprend pendant le contrat, où, quand, et qui paie : diplôme visé,"
            " modules, apprentissages sur le tas."
        ),
        "examples": ["« Le jeudi je suis en cours, et le vendredi j'essaie ce que j'ai appris »"],
        "counter_examples": ["Un geste montré par le tuteur sur le moment : tutorat"],
        "color": "#2E8B57",
    },
    {
        "key": "tutorat",
        "name": "Tutorat",
        "definition": (
            "La personne qui accompagne le jeune dans la structure : ce qu'elle fait, le temps "
            "qu'elle y passe, ce qui l'aide."
        ),
        "examples": ["« Le chef m'a donné six rosiers : ceux-là, c'est les tiens »"],
        "counter_examples": [
            "Le conseiller de la mission locale, qui ne travaille pas dans la structure"
        ],
        "color": "#8E5BA6",
    },
    {
        "key": "mobilite",
        "name": "Mobilité",
        "definition": (
            "Aller au travail et en formation : permis, voiture, bus, horaires, distances, et "
            "tout ce qu'on invente pour faire sans."
        ),
        "examples": ["« La veille de l'entretien, je fais le trajet à blanc, à l'heure exacte »"],
        "counter_examples": [
            "Partir travailler dans une autre région après le contrat : l'après-contrat"
        ],
        "color": "#D9822B",
    },
    {
        "key": "reconnaissance",
        "name": "Reconnaissance",
        "definition": (
            "Être considéré comme un salarié à part entière : le regard des collègues, de la "
            "famille, du quartier, des usagers."
        ),
        "examples": ["« Au magasin, on m'appelle par le nom de mon contrat »"],
        "counter_examples": ["Le salaire, quand il n'est pas question du regard des autres"],
        "color": "#C0392B",
    },
    {
        "key": "information",
        "name": "Information des employeurs",
        "definition": (
            "Ce que les employeurs savent ou croient savoir du dispositif, par qui ils l'ont "
            "appris, ce qui les décide ou les arrête."
        ),
        "examples": [
            "« Je croyais que l'aide s'arrêtait au bout d'un an, personne ne m'a détrompé »"
        ],
        "counter_examples": ["Ce que les jeunes ne savaient pas du dispositif : recrutement"],
        "color": "#148F8B",
    },
    {
        "key": "apres",
        "name": "L'après-contrat",
        "definition": (
            "Ce qui se prépare, ou ne se prépare pas, pour le jour où l'aide s'arrête : "
            "embauche, diplôme, départ, inquiétude."
        ),
        "examples": ["« Dans huit mois l'aide s'arrête, et on n'en a pas encore parlé »"],
        "counter_examples": [
            "Une formation suivie pendant le contrat, sans qu'on parle de la suite : formation"
        ],
        "color": "#A0522D",
    },
    {
        "key": "collectivites",
        "name": "Implication des collectivités",
        "definition": (
            "Ce que font les communes, le département et la Région : embaucher, relayer, "
            "cofinancer, réunir, ou rester à distance."
        ),
        "examples": ["« La mairie a réuni les présidents d'association un samedi matin »"],
        "counter_examples": ["Une commune dont on parle seulement comme d'un lieu"],
        "color": "#3D5A80",
    },
    {
        "key": "numerique",
        "name": "Compétences numériques",
        "definition": (
            "Ce que les jeunes savent faire avec un écran, ce qu'on leur demande, et ce que "
            "l'espace public numérique leur apporte."
        ),
        "examples": ["« J'ai appris à remplir le formulaire en ligne en même temps que la dame »"],
        "counter_examples": ["Un rendez-vous pris par téléphone : démarches administratives"],
        "color": "#5C8001",
    },
]
