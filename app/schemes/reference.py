"""The vocabularies that every installation starts with; `migrate` adds what is missing.

What the operator changed stays changed.
"""

from typing import Any

from sqlalchemy.orm import Session

from app.core.db import insert_new
from app.schemes.guides import GUIDES
from app.schemes.models import Term

YOUNG = ["young_person", "eligible_young_person"]
EMPLOYERS = ["employer", "prospective_employer", "low_qualification_employer"]
OTHERS = ["tutor", "field_actor", "support_worker"]
EVERYBODY = [*YOUNG, *EMPLOYERS, *OTHERS]

TERMS: dict[str, list[tuple[str, str, str]]] = {
    "witness_roles": [
        ("young_person", "Jeune en emploi d'avenir", "Young person in the scheme"),
        ("eligible_young_person", "Jeune éligible", "Eligible young person"),
        ("employer", "Employeur", "Employer"),
        ("prospective_employer", "Employeur potentiel", "Prospective employer"),
        (
            "low_qualification_employer",
            "Employeur de jeunes peu qualifiés",
            "Employer of young people with few qualifications",
        ),
        ("tutor", "Tuteur ou tutrice", "Tutor"),
        ("field_actor", "Acteur de terrain", "Field actor"),
        ("support_worker", "Accompagnateur ou accompagnatrice", "Support worker"),
    ],
    "methods": [
        ("video", "Vidéo", "Video"),
        ("audio", "Enregistrement sonore", "Sound recording"),
        ("written", "Écrit", "Writing"),
        ("self_media", "Média fait par soi-même", "Self-made media"),
        ("witness_group", "Groupe témoin", "Witness group"),
        ("interview", "Entretien", "Interview"),
        ("online", "En ligne", "Online"),
        ("survey", "Enquête", "Survey"),
        ("paper", "Papier", "Paper"),
    ],
    "sectors": [
        ("culture", "Culture et arts", "Culture and arts"),
        ("social_work", "Social et socioculturel", "Social work"),
        ("sport", "Sport", "Sport"),
        ("environment", "Environnement", "Environment"),
        ("digital", "Numérique", "Digital"),
        ("personal_services", "Services à la personne", "Personal services"),
        ("agriculture", "Agriculture", "Agriculture"),
        ("commerce", "Commerce", "Commerce"),
        ("construction", "Bâtiment", "Construction"),
        ("public_administration", "Collectivités et services publics", "Public administration"),
        ("tourism", "Tourisme", "Tourism"),
        ("health", "Santé", "Health"),
    ],
    "audiences": [
        ("elected_officials", "Élus", "Elected officials"),
        ("services", "Services", "Services"),
        ("steering_committee", "Comité de pilotage", "Steering committee"),
        ("cotefe", "COTEFE", "Territorial employment and training committee"),
        ("young_people", "Jeunes", "Young people"),
        ("employers", "Employeurs", "Employers"),
        ("tutors", "Tuteurs", "Tutors"),
        ("field_actors", "Acteurs de terrain", "Field actors"),
        ("general_public", "Grand public", "General public"),
        ("team", "Équipe projet", "Project team"),
    ],
    "forms": [
        ("film", "Film", "Film"),
        ("exhibition", "Exposition", "Exhibition"),
        ("note", "Note", "Note"),
        ("event", "Évènement", "Event"),
        ("filmed_interview", "Entretien filmé", "Filmed interview"),
        ("web_page", "Page web", "Web page"),
    ],
    "proposition_kinds": [
        ("organization", "Organisation", "Organization"),
        ("recruitment", "Recrutement", "Recruitment"),
        ("employer_network", "Réseau d'employeurs", "Employers' network"),
        ("communication", "Communication", "Communication"),
        ("valorization", "Valorisation", "Recognition"),
        ("training", "Formation", "Training"),
    ],
    "rejection_reasons": [
        ("too_vague", "Trop vague : on ne voit pas ce qui s'est passé", "Too vague"),
        ("identifying", "Permet de reconnaître quelqu'un", "Identifies somebody"),
        ("off_topic", "Hors sujet", "Off topic"),
        ("duplicate", "Déjà reçu", "Received already"),
        ("incomplete", "Incomplet", "Incomplete"),
        ("offensive", "Propos injurieux", "Offensive"),
        ("consent_doubt", "Doute sur le consentement", "Doubt about the consent"),
    ],
    "follow_ups": [(guide.code, guide.label_fr, guide.label_en) for guide in GUIDES],
}

# Which roles a method suits, as the project diary of May 2013 found.
SUITS = {
    "video": YOUNG,
    "self_media": YOUNG,
    "written": [*EMPLOYERS, *OTHERS],
    "witness_group": [*YOUNG, *OTHERS],
    "survey": [*EMPLOYERS, *OTHERS],
}


# The facts of terms, by vocabulary and code.
FACTS: dict[str, dict[str, dict[str, Any]]] = {
    "methods": {code: {"suits": SUITS.get(code, EVERYBODY)} for code, *_ in TERMS["methods"]},
    "follow_ups": {g.code: {"methods": g.methods, "when": g.when} for g in GUIDES},
}


def install(db: Session) -> None:
    """Add the terms that are not there yet."""
    for vocabulary, terms in TERMS.items():
        for position, (code, label_fr, label_en) in enumerate(terms):
            insert_new(
                db,
                Term,
                vocabulary=vocabulary,
                code=code,
                label_fr=label_fr,
                label_en=label_en,
                position=position,
                facts=FACTS.get(vocabulary, {}).get(code, {}),
            )
