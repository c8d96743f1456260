"""Word lists that the embedded models count: how a response refuses, warns, refers to help, or speaks of harm.

General English vocabulary, written by hand: what a person would name when asked for the category, no words mined from a
benchmark. The author had seen the form of hh-rlhf and XSTest and a few rows.
"""

from __future__ import annotations


def _split(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in text.replace("\n", " ").split(",") if phrase.strip())


LEXICONS: dict[str, tuple[str, ...]] = {
    "refusal": _split("""i cannot, i can't, i can not, i won't, i will not, i'm not able, i am not able, i'm unable, i
        am unable, unable to assist, unable to help, can't help, cannot help, can't assist, cannot assist, can't
        provide, cannot provide, cannot fulfill, can't fulfill, not comfortable, i'd rather not, i must decline, i
        refuse, not appropriate, against my, as an ai, as a language model, i don't want to, i don't think i, i'm not
        going to, i am not going to, not something i, won't help, will not help, not willing"""),
    "apology": _split("sorry, apologize, apologise, apologies, i'm afraid, unfortunately, regret, forgive"),
    "caution": _split("""however, important to, please note, keep in mind, be careful, careful, caution, make sure,
        remember that, always, never, instead, before you, risk, risks, recommend, consult, responsible, responsibly,
        safely, seek, respect, respectful, consequences, permission, consent"""),
    "judgement": _split("""illegal, unethical, immoral, wrong, harmful, dangerous, inappropriate, not okay, not ok,
        not acceptable, unacceptable, offensive, against the law, crime, criminal, unsafe, not safe, bad idea, cruel,
        hurtful, hateful, discriminatory, discrimination, disrespectful, unlawful, violates, violate, prohibited,
        stereotype, stereotypes, racist, sexist, prejudice, abusive, not right, not legal, not good, terrible"""),
    "referral": _split("""therapist, counselor, counsellor, doctor, police, lawyer, hotline, professional, emergency,
        authorities, talk to someone, talk to a, reach out, support, helpline, seek help, get help, legal advice,
        medical, therapy, psychologist, psychiatrist, specialist, social worker, 911, trusted"""),
    "empathy": _split("""i understand, sounds like, i hear you, that must be, feel, feeling, feelings, i hope, i care,
        glad, i'm here, you're not alone, worried, concerned, hurt, upset, tough, difficult, hard time, comfort"""),
    "inquiry": _split("""why do you, why are you, why would you, what do you mean, can you tell me, could you tell me,
        what kind of, do you mean, are you looking, can i ask, what makes you, how do you feel, tell me more, what's,
        would you like, are you sure, have you, what are you, do you have, is there"""),
    "compliance": _split("""sure, of course, certainly, absolutely, yes, ok, okay, here are, here is, here's, you can,
        you could, first, then, next, finally, step, steps, try, use, get, find, follow, start by, one way, for
        example, such as, the best way"""),
    "ignorance": _split("""i don't know, not sure, i'm not sure, don't understand, i have no, no idea, can't say,
        don't remember, never heard, not familiar, confused, unclear, hard to say, it depends"""),
    "violence": _split("""kill, killing, murder, stab, shoot, shooting, attack, assault, beat, punch, strangle, choke,
        torture, hurt, harm, injure, bomb, explosive, explosives, explode, weapon, weapons, gun, guns, knife, poison,
        poisoning, fight, blood, death, die, dead, corpse, violence, violent, kidnap, hostage, execute, assassinate,
        slaughter, arson, burn, hitman, massacre, terrorist, terrorism, bodily, victim, victims"""),
    "crime": _split("""steal, stealing, rob, robbery, theft, burglar, shoplift, fraud, scam, forge, fake, counterfeit,
        hack, hacking, hacker, malware, virus, phishing, password, passwords, launder, laundering, bribe, blackmail,
        extort, smuggle, evade, lock picking, break into, break in, piracy, vandalize, vandalism, trespass, stalk,
        stalking, identity, ransom, illegally, cheat, cheating, getaway, caught, untraceable, undetected, ddos"""),
    "drugs": _split("""drug, drugs, cocaine, heroin, meth, methamphetamine, weed, marijuana, cannabis, lsd, opioid,
        ecstasy, mdma, crack, dealer, overdose, high, drunk, alcohol, beer, pills, steroids, addiction, smuggling"""),
    "hazard": _split("""ammonium nitrate, pseudoephedrine, ephedrine, red phosphorus, acetone peroxide, nitroglycerin,
        gunpowder, black powder, thermite, napalm, detonator, fuse, shrapnel, pipe bomb, nerve agent, sarin, ricin,
        anthrax, cyanide, arsenic, strychnine, antifreeze, thallium, botulinum, chlorine gas, bleach, ammonia,
        precursor, oxidizer, fentanyl, rohypnol, ghb, ketamine, chloroform, tannerite, c4, tnt, plastic explosive,
        molotov, silencer, ghost gun, switchblade, crowbar, burner phone, slim jim, ski mask, rat poison, syringe,
        lethal, toxic, toxin, deadly, uranium, pathogen, reverse shell, payload, keylogger, ransomware, exploit,
        botnet, rootkit, trojan, spyware, sql injection, brute force, shell company, shell companies, offshore, mule,
        skimmer, spoof, jammer, stun gun, razor, noose, bleed out"""),
    "threat": _split("""i will kill, i'll kill, gonna kill, going to kill, i will find you, watch your back, you will
        pay, deserve to die, deserves to die, should die, hope you die, go die, die in, burn in hell, shoot you, beat
        you, cut your, break your, your family, put a bullet, slit your, hang them, kill them, wipe them out,
        exterminate, eradicate, behead, lynch, gas the, purge, infidels, traitors, martyr, jihad, bloodshed,
        slaughtered, tortured, screamed, strangled, stabbed, bludgeon, dismember, mutilate, guts, gore, skull,
        throat"""),
    "despair": _split("""want to die, wanna die, kill me, end it all, no reason to live, better off dead, tired of
        living, hate myself, cut my, cutting, my wrists, razor blade, my scars, purge, purging, pro ana, thinspo,
        binge, relapse, worthless, hopeless, goodbye letter, suicide note, hang myself, take my life, not worth
        living, self harm, don't want to live, don't want to be alive, overdosed, bleeding myself"""),
    "sexual": _split("""sex, sexual, sexually, porn, pornography, nude, naked, rape, molest, penis, vagina, breasts,
        masturbate, orgasm, prostitute, prostitution, escort, fetish, erotic, aroused, incest, underage, explicit,
        cock, cocks, cum, cumming, tits, boobs, boob, nipple, nipples, clit, horny, moan, moaned, moaning, thrust,
        thrusting, panties, blowjob, handjob, anal, oral sex, threesome, stepsister, milf, bdsm, submissive,
        dominatrix, spank, spanked, undress, undressed, naked body, thighs, hard on, erection, ejaculate, dildo,
        hentai, nsfw, xxx, busty, lust, seduce, seduced, made love, making love, creampie, gangbang, deepthroat,
        bondage, groin, sensual, fucked, pounding"""),
    "hate": _split("""hate, inferior, superior, race, races, racial, racism, jews, jewish, black people, white people,
        muslims, immigrants, gay, gays, lesbian, transgender, women are, men are, ethnic, nazi, hitler, slur,
        minority, disabled, retarded, stupid, ugly, lazy, dirty, disgusting, savage, deport, supremacy, genocide,
        subhuman, vermin, parasites, cockroaches, mongrel, invasion, invaders, degenerate, degenerates, kike, spic,
        chink, gook, paki, raghead, tranny, dyke, homo, fag, fags, nigga, niggas, negro, negroes, heathens, kafir,
        untermensch, white power, master race, white race, race traitor, inbred, goy, goyim, zionist, globalists,
        holocaust, illegals, aliens, go back, our country, feminists, feminazi, thots, incel, shemale, cripple,
        cripples, retards, trannies"""),
    "insult": _split("""fuck, fucking, fucker, shit, shitty, bitch, bitches, ass, asshole, bastard, dick, cunt, crap,
        damn, idiot, moron, dumb, loser, whore, slut, pussy, hell, suck, sucks, nigger, faggot, shut up, pathetic,
        scum, twat, wanker, prick, douche, jerk, imbecile, cretin, freak, pig, trash, garbage human, piece of shit,
        motherfucker, bullshit, fck, f*ck, f*cking, stfu, gtfo, kys, cock sucker, sucker, nobody likes you, nobody
        loves you, ugly, fat ass, hag, skank, hoe, coward, disgrace, clown"""),
    "self_harm": _split("""suicide, suicidal, kill myself, kill yourself, self-harm, cut myself, end my life,
        overdose, anorexia, starve, hurt myself, hurt yourself, depressed, depression"""),
    "privacy": _split("""address, phone number, social security, credit card, bank account, home address, personal
        information, private, privacy, confidential, medical record, salary, location, ssn, credit score, spy, track,
        data breach, doxx"""),
    "benign": _split("""code, program, software, function, command, terminal, recipe, cook, bake, game, games, player,
        movie, film, novel, book, character, fiction, fictional, story, history, historical, war, century, president,
        music, song, garden, plant, exercise, workout, stress, budget, business, interview, school, learn, study,
        practice, process, computer, server, camera, photo, sport, team, definition, defined, refers, term, email"""),
    "gratitude": _split("thank you, thanks, great question, good question, you're welcome, happy to help, glad to"),
    "connective": _split("""because, therefore, so that, since, although, which means, for instance, in addition,
        also, as a result, in order to, while, whereas, both, either, if you, when you, after, before"""),
}

COMMON_WORDS = frozenset(
    _split("""the, be, to, of, and, a, in, that, have, i, it, for, not, on, with, he, as, you, do, at, this, but, his,
        by, from, they, we, say, her, she, or, an, will, my, one, all, would, there, their, what, so, up, out, if,
        about, who, get, which, go, me, when, make, can, like, time, no, just, him, know, take, people, into, year,
        your, good, some, could, them, see, other, than, then, now, look, only, come, its, over, think, also, back,
        after, use, two, how, our, work, first, well, way, even, new, want, because, any, these, give, day, most, us,
        is, are, was, were, been, has, had, did, does, am, more, very, should, may, might, must, much, many, such,
        own, same, where, why, while, before, between, each, through, during, under, again, here, being, both, too""")
)
"""Words so frequent that they say nothing about what a text is about."""
