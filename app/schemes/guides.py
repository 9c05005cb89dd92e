"""Questions that help somebody from discourse to speech: the vocabulary `follow_ups`.

They come from the explicitation interview (P. Vermersch): one real occasion, what was done first,
then next, in one's own words. They ask how and never why, which calls for justifications, and none
of them suggests its answer. `methods` are those that each is for, `when` the signs of candor that
it may settle (see `moderation.speech`); one without signs may be asked at any time.
"""

from typing import NamedTuple

SPOKEN = ["video", "audio", "interview", "witness_group"]
ONE_BY_ONE = ["video", "audio", "interview"]
WRITTEN = ["written", "online", "survey", "paper"]
ALONE = [*WRITTEN, "self_media"]  # nobody is there who asks


class Guide(NamedTuple):
    """One question, in the order in which to ask it."""

    code: str
    label_fr: str
    label_en: str
    methods: list[str]
    when: list[str]


GUIDES = [
    # One occasion
    Guide(
        "last_time",
        "Pouvez-vous me raconter la dernière fois que c'est arrivé ? Prenez le temps de la retrouver.",
        "Can you tell me about the last time it happened? Take the time to find it again.",
        SPOKEN,
        ["concrete_episode"],
    ),
    Guide(
        "one_minute_of_silence",
        "Gardons une minute de silence : chacun retrouve un moment précis. Qui veut raconter le sien ?",
        "Let us keep silent for a minute: each of us finds one moment. Who wants to tell theirs?",
        ["witness_group"],
        ["concrete_episode"],
    ),
    Guide(
        "where_it_was",
        "Où étiez-vous à ce moment-là ? Qu'y avait-il autour de vous ?",
        "Where were you at that moment? What was around you?",
        SPOKEN,
        ["concrete_episode", "prepared_text"],
    ),
    Guide(
        "what_was_heard",
        "Qu'entendiez-vous à ce moment-là ?",
        "What did you hear at that moment?",
        ["audio"],
        ["concrete_episode"],
    ),
    Guide(
        "write_the_last_time",
        "Racontez la dernière fois que c'est arrivé : quel jour, à quel endroit, sans donner de nom.",
        "Tell the last time it happened: which day, in which place, without giving any name.",
        ALONE,
        ["concrete_episode"],
    ),
    Guide(
        "moment_of_this_answer",
        "À quel moment précis pensiez-vous en donnant cette réponse ?",
        "Which precise moment did you think of when you gave this answer?",
        ["survey"],
        ["concrete_episode", "first_person"],
    ),
    Guide(
        "film_the_place",
        "Montrez l'endroit où cela s'est passé, sans personne à l'image. Que s'y est-il passé ce jour-là ?",
        "Show the place where it happened, with nobody in the picture. What happened there that day?",
        ["self_media"],
        ["concrete_episode", "institutional_wording"],
    ),
    # What was done
    Guide(
        "first_thing",
        "Qu'avez-vous fait en premier ?",
        "What did you do first?",
        SPOKEN,
        ["concrete_episode", "first_person"],
    ),
    Guide(
        "and_then",
        "Et juste après, qu'avez-vous fait ?",
        "And right after that, what did you do?",
        SPOKEN,
        ["concrete_episode", "first_person"],
    ),
    Guide(
        "write_step_by_step",
        "Qu'avez-vous fait en premier ? Et ensuite ?",
        "What did you do first? And then?",
        ALONE,
        ["concrete_episode", "first_person"],
    ),
    Guide(
        "show_with_hands",
        "Pouvez-vous me montrer avec les mains comment vous avez fait ?",
        "Can you show me with your hands how you did it?",
        ["video"],
        ["first_person", "institutional_wording"],
    ),
    # Who speaks
    Guide(
        "and_you",
        "Quand vous dites « on », vous, que faisiez-vous ?",
        "When you say “we”, what were you doing yourself?",
        SPOKEN,
        ["first_person"],
    ),
    Guide(
        "words_said",
        "Qu'avez-vous dit ? Avec quels mots ?",
        "What did you say? In which words?",
        SPOKEN,
        ["first_person"],
    ),
    Guide(
        "another_moment",
        "Qui a vécu cela autrement ? Racontez-nous un moment.",
        "Who lived through it differently? Tell us one moment.",
        ["witness_group"],
        ["first_person", "institutional_wording"],
    ),
    Guide(
        "write_with_i",
        "Reprenez ce moment en commençant vos phrases par « je ».",
        "Tell this moment again, and begin your sentences with “I”.",
        ALONE,
        ["first_person"],
    ),
    # What did not go as planned
    Guide(
        "not_as_planned",
        "Y a-t-il eu un moment qui ne s'est pas passé comme prévu ? Que s'est-il passé ?",
        "Was there a moment that did not go as planned? What happened?",
        SPOKEN,
        ["named_difficulty"],
    ),
    Guide(
        "attention",
        "À ce moment-là, à quoi faisiez-vous attention ?",
        "At that moment, what were you paying attention to?",
        SPOKEN,
        ["named_difficulty", "concrete_episode"],
    ),
    Guide(
        "write_not_as_planned",
        "Y a-t-il eu un moment qui ne s'est pas passé comme prévu ? Décrivez ce que vous avez fait alors.",
        "Was there a moment that did not go as planned? Describe what you did then.",
        ALONE,
        ["named_difficulty"],
    ),
    # Whose words
    Guide(
        "own_words",
        "Ce mot que vous employez, que veut-il dire dans une de vos journées ?",
        "This word that you use, what does it mean in one of your days?",
        SPOKEN,
        ["institutional_wording"],
    ),
    Guide(
        "tell_a_stranger",
        "Comment le raconteriez-vous à quelqu'un qui ne connaît pas le dispositif ?",
        "How would you tell it to somebody who does not know the scheme?",
        [*SPOKEN, *ALONE],
        ["institutional_wording", "prepared_text"],
    ),
    Guide(
        "put_the_text_aside",
        "Mettons le texte de côté un instant. Qu'est-ce qui vous revient en premier ?",
        "Let us put the text aside for a moment. What comes back to you first?",
        SPOKEN,
        ["prepared_text"],
    ),
    Guide(
        "not_in_the_text",
        "Qu'est-ce qui vous revient maintenant et qui n'est pas dans ce que vous aviez préparé ?",
        "What comes back to you now that is not in what you had prepared?",
        ALONE,
        ["prepared_text"],
    ),
    # Who listens
    Guide(
        "another_time_alone",
        "Souhaitez-vous continuer maintenant, ou à un autre moment, seulement vous et moi ?",
        "Would you like to go on now, or at another time, only you and me?",
        ONE_BY_ONE,
        ["hierarchy_present"],
    ),
    Guide(
        "who_should_be_here",
        "Avec qui souhaitez-vous en parler, et à quel endroit ?",
        "With whom would you like to talk about it, and where?",
        ["witness_group"],
        ["hierarchy_present"],
    ),
    Guide(
        "answer_elsewhere",
        "Vous pouvez reprendre plus tard, à l'endroit de votre choix. Que souhaitez-vous ajouter ou changer ?",
        "You may take it up again later, in a place of your choice. What would you add or change?",
        ALONE,
        ["hierarchy_present"],
    ),
    # To end
    Guide(
        "not_asked",
        "Qu'est-ce que nous n'avons pas demandé et qui compte pour vous ?",
        "What did we not ask that matters to you?",
        [],
        [],
    ),
]
