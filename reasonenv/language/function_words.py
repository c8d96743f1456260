"""The commonest function words of the languages that share a script: what betrays a language within a sentence.

Articles, pronouns, prepositions, conjunctions, auxiliaries and numerals, no names and hardly a noun: about a third of
the words of running text. A word may be in several languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["FUNCTION_WORDS", "NOTATION_WORDS", "PROGRAM_WORDS", "TERMS"]

_LATIN = {
    "ca": """el la els les un una uns unes de del dels al als en per amb sense entre sobre des fins que qui quin quina
        com quan on i o però perquè si no ni més molt tot tots totes aquest aquesta això aquell jo ell ella
        nosaltres ells seu seva és són era ser està estan ha han té tenen pot cada dos dues tres també llavors
        ara aquí hi ho ens""",
    "cs": """je jsou byl byla bylo byli být není jsem jsme se si na ve ke za po od do ze pro při před nad pod mezi bez
        ale nebo ani když aby že protože tak také jako jak který která které tento tato toto ten ta ty my on ona
        oni jeho jejich co kde už jen má mají může musíme každý všechny dva dvě tři pak proto tedy""",
    "da": """og er det den der de til at en et på af som med for ikke har han hun vi jeg du sig sin fra ved om men
        eller var være blev bliver kan skal vil må så når hvis fordi hvor hvad hvilken denne dette disse alle
        mere meget også kun her nu efter før mellem under over to tre hver""",
    "de": """der die das den dem des ein eine einen einem einer eines und oder aber nicht kein keine ist sind war
        waren sein hat haben hatte wird werden wurde wurden kann können muss müssen soll wir ich du er sie es ihr
        ihm ihn uns mich sich mit von vom zu zum zur in im an am auf für aus bei nach über unter vor durch gegen
        ohne um bis als wie wenn weil dass ob also auch nur noch schon dann da hier so sehr mehr man diese dieser
        dieses jede jeder was wer wo zwei drei vier beide beiden""",
    "en": """the and of to in is are was were be been being has have had do does did will would can could should may
        might must this that these those it its he she they them his her their we us our you your my me who which
        what when where why how an at by for from with without into onto over under between after before about
        against not nor or but if then than so because since while as on off up out only also all any some each
        every both other such same no more most there here now very just two three four let""",
    "es": """el la los las un una unos unas de del al en por para con entre sobre desde hasta que quien cual cómo
        cuando donde dónde y o pero porque si no ni más muy todo todos todas este esta esto estos estas ese esa
        eso yo él ella nosotros ellos su sus se lo le les nos es son era fue ser está están ha han hay tiene
        tienen puede pueden cada dos tres también entonces ahora aquí ya como cuál""",
    "et": """ja on ei see ta ma me nad oli olid olema ole kui et aga või siis ka ning kes mis mida kus miks kuidas
        selle seda neid nende tema oma üks kaks kolm kõik iga veel juba ainult väga pärast enne koos ilma kuni
        peale alla üle saab tuleb peab sest nii seega""",
    "fi": """ja on ei se hän me he oli olivat olla ovat että jos kun mutta tai niin myös sekä kuin joka jotka mikä
        mitä missä miksi miten tämä tämän tätä nämä sen sitä niiden hänen yksi kaksi kolme kaikki jokainen vielä
        jo vain hyvin jälkeen ennen kanssa ilman asti voi pitää koska siis eli nyt minä sinä""",
    "fr": """le la les un une des du de au aux en par pour avec sans entre sur sous dans vers chez que qui quoi quel
        quelle dont où quand comment et ou mais donc car si ne pas ni plus très tout tous toute toutes ce cet
        cette ces il elle on nous vous ils elles je tu son sa ses leur leurs se lui est sont était étaient être
        sera ont avons avoir fait peut peuvent doit chaque deux trois aussi alors puis ici comme lorsque parce""",
    "hr": """je su bio bila bilo biti nije smo sam se na u za od do iz po pri pred nad pod između bez ali ili ni kad
        da jer tako također kao kako koji koja koje koju ovaj ova ovo taj ta to mi on ona oni njegov njihov što
        gdje već samo ima imaju može možemo svaki sve dva dvije tri onda zato dakle""",
    "hu": """az és egy hogy nem is van volt ez azt ezt mint de ha vagy csak még már meg el ki be fel le ami aki amely
        amit mit hol mikor miért hogyan ők mi én te ők sem minden kettő két három után előtt között alatt felett
        nélkül lesz lehet kell mert így tehát akkor most itt ott nagyon több ezek azok""",
    "id": """yang dan di ke dari ini itu dengan untuk pada adalah tidak akan juga atau oleh dalam sebagai karena jika
        maka ada kita kami saya dia mereka anda bisa dapat harus sudah telah setiap semua satu dua tiga lebih
        sangat hanya lalu kemudian antara setelah sebelum tetapi seperti apa siapa bagaimana jadi""",
    "it": """il lo la gli le un uno una di del dello della dei degli delle al allo alla ai agli alle da dal dalla in
        nel nella nei nelle con su sul sulla per tra fra senza che chi cui quale come quando dove perché se non
        né più molto tutto tutti tutte questo questa questi queste quello io lui lei noi loro suo sua si ci ne è
        sono era erano essere stato ha hanno abbiamo può possono deve ogni due tre anche allora poi ora qui ma ed
        quindi""",
    "lt": """ir yra ne tai jis ji mes jie buvo būti kad jei kai bet arba taip pat kaip kuris kuri kurie kas kur kodėl
        šis ši tas ta jo jos jų vienas du trys visi kiekvienas dar jau tik labai po prieš su be iki nuo iš apie
        tarp gali reikia nes todėl tada dabar čia""",
    "lv": """un ir nav tas tā viņš viņa mēs viņi bija būt ka ja kad bet vai arī kā kurš kura kuri kas kur kāpēc šis šī
        viņu viens divi trīs visi katrs vēl jau tikai ļoti pēc pirms ar bez līdz no par starp var jo tāpēc tad
        tagad šeit uz lai""",
    "nl": """de het een en of maar niet geen is zijn was waren worden wordt werd heeft hebben had kan kunnen moet
        moeten zal wij we ik jij je hij zij ze ons hun hem haar zich met van voor te tot in op aan bij naar uit
        over onder door tegen zonder om als dan dat die dit deze wat wie waar wanneer omdat ook nog al dus er
        hier nu zo zeer meer elke elk twee drie beide alle""",
    "no": """og er det den der de til at en et på av som med for ikke har han hun vi jeg du seg sin fra ved om men
        eller var være ble blir kan skal vil må så når hvis fordi hvor hva hvilken denne dette disse alle mer mye
        også bare her nå etter før mellom under over to tre hver""",
    "pl": """jest są był była było być nie się na we ze za po od do dla przy przed nad pod między bez ale lub albo ani
        gdy kiedy żeby że ponieważ tak także jako jak który która które tego tej ten ta te my on ona oni jego ich
        jej co gdzie już tylko ma mają może każdy wszystkie dwa dwie trzy potem więc czy oraz to jeśli""",
    "pt": """o os as um uma uns umas de do da dos das ao aos em no na nos nas por pelo pela para com sem entre sobre
        desde até que quem qual como quando onde e ou mas porque se não nem mais muito todo todos todas este esta
        isto estes esse essa isso eu ele ela nós eles seu sua seus suas é são era foi ser está estão tem têm há
        pode podem cada dois duas três também então agora aqui já""",
    "ro": """și este sunt era au fost fi nu se la în din de pe cu fără între despre până că care cine ce cum când unde
        dar sau dacă pentru prin după înainte un una unui unei al ale lui ei el ea noi voi lor său sa acest
        această acesta aceste mai foarte tot toți toate fiecare doi două trei poate trebuie avem are deci apoi
        acum aici iar""",
    "sk": """je sú bol bola bolo byť nie som sme sa si na vo ku za po od do zo pre pri pred nad pod medzi bez ale
        alebo ani keď aby že pretože tak tiež ako ktorý ktorá ktoré tento táto toto ten tá my on ona oni jeho ich
        čo kde už len má majú môže musíme každý všetky dva dve tri potom preto teda""",
    "sl": """je so bil bila bilo biti ni smo sem se na za od do iz po pri pred nad pod med brez ampak ali niti ko da
        ker tako tudi kot kako ki kateri katera ta to mi on ona oni njegov njihov kaj kje že samo ima imajo lahko
        vsak vsi dva dve tri potem zato torej""",
    "sq": """dhe është janë ishte ishin të një në me për nga si që se nuk ka kanë do mund duhet por ose kur ku çfarë
        kush pse kjo ky këto këta ai ajo ne ata tij saj tyre gjithë çdo dy tre shumë më vetëm edhe pas para pa
        deri midis mbi nën atëherë tani këtu sepse""",
    "sv": """och är det den der de till att en ett på av som med för inte har han hon vi jag du sig sin från vid om
        men eller var vara blev blir kan ska vill måste så när därför hur vad vilken denna detta dessa alla mer
        mycket också bara här nu efter före mellan under över två tre varje finns""",
    "sw": """na ya wa kwa ni la za katika cha vya hii hiyo huo hili hizi hayo kuwa kama lakini au pia sana yake wake
        yao wao mimi wewe yeye sisi alikuwa ana wana kila moja mbili tatu zote wote baada kabla kati bila hadi
        kisha sasa hapa nini nani wapi je ili hivyo""",
    "tl": """ang ng sa mga ay na at ito iyon siya sila kami tayo ako ikaw niya nila namin natin kung kapag dahil para
        pero o hindi may mayroon wala isang dalawa tatlo lahat bawat rin din lamang lang nang upang mula hanggang
        bago ano sino saan paano kaya noon ngayon dito""",
    "tr": """ve bir bu şu da de için ile mi mu ne ki ama veya ya eğer çünkü gibi daha çok en her hiç bütün tüm olan
        olarak oldu olur olduğu değil var yok biz ben sen onlar onun bunun iki üç sonra önce arasında kadar göre
        nasıl neden nerede kim hangi ancak sadece şimdi burada ise""",
    "vi": """là và của có không được cho các một những này đó khi với từ trong trên dưới ra vào đến về để nếu thì mà
        nhưng hoặc vì nên cũng đã đang sẽ bị ta tôi anh chị họ chúng mỗi hai ba tất cả rất hơn nhất như ai gì đâu
        sao nào lại còn chỉ theo sau trước giữa""",
}

_OTHERS = {
    "be": """і у на не што гэта як але ці калі бо таксама які якая якое яны ён яна мы ты вы яго яе іх быў была было
        быць ёсць для ад да па за пры без пасля перад паміж усе кожны два тры ўжо толькі можа таму тады""",
    "bg": """и в на не че това как но или ако защото също който която което те той тя ние вие му ѝ им беше бяха е са
        да ще за от до по при без след преди между всички всеки два три вече само може затова тогава се""",
    "kk": """және бұл ол мен сен біз олар бір екі үш үшін бен пен емес бар жоқ еді болды болады деп осы сол қандай
        қалай қашан кейін дейін барлық әр тек өте ма ме да де""",
    "mk": """и во на не дека тоа како но или ако затоа исто кој која кое тие тој таа ние вие му ја им беше беа е се да
        ќе за од до по при без по пред меѓу сите секој два три веќе само може тогаш го""",
    "ru": """и в на не что это как но или если потому также который которая которое которые они он она оно мы вы ты
        его ее её их был была было были быть есть для от до по за при без после перед между все каждый два две
        три уже только может поэтому тогда из к с у о об же бы то так чтобы когда где""",
    "sr": """и у на не да то како али или ако јер такође који која које они он она ми ви ти његов њихов био била било
        бити је су за од до по при без после пре између сви сваки два две три већ само може зато онда се из са
        kao je su se da na za od do iz ili ali koji koja koje što kako samo već nije bio""",
    "uk": """і в у на не що це як але або якщо бо тому також який яка яке які вони він вона воно ми ви ти його її їх
        був була було були бути є для від до по за при без після перед між усі всі кожен два дві три вже тільки
        може тоді із з та щоб коли де""",
    "ar": """في من على إلى عن مع هذا هذه ذلك التي الذي أن إن لا ما لم لن كان كانت يكون هو هي هم نحن أو ثم كل بعد قبل
        بين عند حتى إذا لأن لكن قد أي كما منذ""",
    "fa": """در از به با که این آن را است بود هست نیست و یا هم برای تا بر اگر اما ولی چون هر همه یک دو سه می شود شد
        کرد دارد ما او آنها بعد قبل بین باید نیز خود""",
    "ps": """په د له چې دا دی ده دي او نه سره څخه ته یې هم کې یو هغه هغې موږ تاسو دوی وو شو کړي کوي لپاره خو که""",
    "ur": """ہے ہیں تھا تھے تھی میں کے کی کا کو سے نے پر اور یہ وہ اس ان کہ جو نہیں بھی تو ہم آپ ایک دو تین کر کیا ہو
        ہوا گیا تک لیے اگر لیکن یا پھر اب""",
    "hi": """है हैं था थे थी में के की का को से ने पर और यह वह इस उस कि जो नहीं भी तो हम आप एक दो तीन कर किया हो हुआ
        गया तक लिए अगर लेकिन या फिर अब ये वे मैं उन इन जब कब क्या कैसे सकते सकता होता करते करना इसलिए क्योंकि बाद
        पहले साथ""",
    "mr": """आहे आहेत होता होते होती मध्ये आणि हा ही हे तो ती ते या त्या की जे नाही पण तर आम्ही आपण एक दोन तीन केले
        झाले साठी पर्यंत जर किंवा मग आता मी त्याने त्यांनी च्या ला ने चा ची चे""",
    "ne": """छ छन् थियो थिए मा को का की लाई ले र यो त्यो यस उस कि जो होइन पनि हामी तपाईं एक दुई तीन गरेको भयो गर्न
        सम्म लागि यदि तर वा अनि अब हो म उनी भने गर्ने""",
    "sa": """च न तु हि अपि एव इति अस्ति सन्ति आसीत् सः सा तत् ते तस्य तेन अहम् वयम् त्वम् यत् यः यदि वा तदा अत्र तत्र
        किम्""",
    "as": """আৰু এই সেই কৰে কৰা হয় নহয় আছে নাই পৰা বাবে লগত যে কিন্তু তেওঁ আমি মই এটা এজন দুটা""",
    "bn": """এবং এই সেই করে করা হয় নয় আছে নেই থেকে জন্য সাথে যে কিন্তু তিনি আমরা আমি একটি দুটি ও না তার তারা কি এর""",
}

FUNCTION_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {code: frozenset(words.split()) for code, words in (_LATIN | _OTHERS).items()}
)
"""ISO 639-1 code → lower-case words."""

_PROGRAM_WORDS = """
    all and any as assert at async await break by case class const continue def del det do done elif else end except
    false finally fi for from function global if import in int is it lambda le let me min mu ne new ni none nonlocal not
    nu null of on or out over pass print raise return self set si sin sum max str then this to true try type up var void
    while with xor yield"""
PROGRAM_WORDS = frozenset(_PROGRAM_WORDS.split())
"""Function words that programs and formulas are made of, TeX's among them (`\\sin`, `\\nu`): they do not tell prose."""

_NOTATION_WORDS = """
mm cm dm km nm mg kg ml mL cl dl kWh kW MW Hz kHz MHz GHz kPa MPa eV keV MeV mol rad deg min sec ms ft lb lbs oz mph
sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln lg exp max sup inf lim mod gcd lcm det dim ker tr
arg sgn sqrt abs
"""
NOTATION_WORDS = frozenset(_NOTATION_WORDS.split())
"""Units and functions that texts of every script write in Latin letters."""

_ENGLISH_TERMS = """
zero unit negative positive rational irrational integer prime factor divisor multiple modulo matrix determinant
singular diagonal eigenvalue vector scalar norm vertex parabola hyperbola ellipse circle radius diameter
perimeter tangent secant sine cosine angle triangle minimum maximum extremum median mode variance interval
domain function inverse linear quadratic cubic polynomial coefficient discriminant exponent logarithm integral
derivative limit series convergent divergent sum product total difference quotient area volume upward downward
orthogonal parallel perpendicular distinct finite infinite conjugate complex real
"""
TERMS = {"en": frozenset(_ENGLISH_TERMS.split())}
"""Terms of mathematics that a language shares with its neighbours: they speak for none of these."""
