/* SPDX-License-Identifier: MIT */
/* The tables. A row is added where prompts of a kind are judged wrong; the weights of features stand in text/weights.h. */
#include "text/patterns.h"

const char patterns_polite[] =
	"(?:(?:please|pls|plz|ok|okay|hey|hi|hello|so|now|then|also|just|great|thanks|thank you|yes|no|well|and|but|first|next|"
	"finally|(?:could|can|would|will) you|you should|i(?:'d like| want| need| would like) (?:you )?to|we(?:'d like| want| need|"
	" have|'re going) to|we (?:should|must)|let's|let us|help me(?: to)?|try to|go ahead and|make sure to|(?:your|the) task is to|"
	"quickly|carefully|sorry|quick q:?|quick question:?|tell me (?=wh|how|if)|remind me (?=wh|how)|всё|все|i'm trying to|i am trying to|"
	"пожалуйста|плиз|мож(?:ешь|ете)(?: ли)?|не мог(?: бы)? ты|мог(?: бы)? ты|нужно|надо|необходимо|требуется|хочу|хотим|хотелось бы|"
	"давай(?:те)?|помоги(?:те)?|а|и|ну|скажи(?:те)?,? (?=как|что|где|кто|сколько)|так|теперь|потом|затем|еще|просто|сначала|мне|нам|ты|тебе|привет|спасибо|ок|окей|быстро|"
	"попробуй(?:те)?|нам бы|мы хотим)[,!.:]? )*+";

const struct phrase
	patterns_of_acts
		[] = {
			{ FEATURE_GREETING,
				"(?:hi|hello|hey|yo|good (?:morning|evening|afternoon|day)|thanks?|thx|ty|cheers|ok(?:ay)?|yes|yep|yeah|no|nope|sure|fine|"
				"cool|great|nice|perfect|awesome|continue|go on|go ahead|proceed|stop|wait|try again|again|retry|lgtm|done|do it|correct|"
				"that works|sounds good|looks good|never ?mind|nvm|leave it|nah|wrong|hmm+|ship it|found it|the (?:first|second|third|other|last) (?:one|option)|"
				"(?:перв|втор|трет|последн)\\w+ вариант|не понял\\w*|не то|не так|не надо|повтори|погоди|ясно|понятно|привет|здравствуй(?:те)?|добр(?:ый|ое|ого) (?:день|утро|вечер|дня)|спасибо|спс|благодарю|да|нет|"
				"ага|угу|ок|окей|хорошо|ладно|давай|продолжай|дальше|стоп|подожди|еще раз|отлично|супер|класс|готово|отмени)\\b" },
			{ FEATURE_DESIGN,
				"(?:re-?)?(?:design|architect)(?:ing)?\\b|(?:develop|devise|draft|outline|define|create|make|write|prepare|give|propose|"
				"come up with|work out|put together|lay out)~(?:me~)?(?:an?~|the~)?(?:[\\w-]+~){0,3}(?:strategy|architecture|roadmap|rfc|"
				"design doc(?:ument)?|design|proposal|blueprint|technical vision|vision|threat model|model of|adr|spec(?:ification)?|"
				"(?:migration |rollout |phased |technical |implementation |recovery )?plan)\\b|"
				"propose\\b|plan\\b|draw up\\b|devise\\b|lead the\\b|figure out a way\\b|ultrathink|untangle\\b|lay out\\b|rethink\\b|invent\\b|organi[sz]e\\b|come up with\\b|work out\\b|conceive\\b|model the\\b|build a threat model|"
				"с?проектир\\w+|разработа\\w+~(?:\\w+~){0,2}(?:архитектур|стратеги|план|схем|модел|протокол|систем|подход|концепц)\\w*|"
				"состав\\w+~(?:\\w+~){0,3}(?:план|дорожн|стратеги|видени|rfc|тз)\\w*|"
				"(?:напиши|подготовь|опиши)~(?:\\w+~){0,2}(?:rfc|дизайн-док\\w*|стратеги\\w*|архитектур\\w*|план~миграци\\w*)|"
				"предлож\\w+|продума\\w+|с?план(?:ируй|ировать)\\w*|придума(?:й|ть)~(?:архитектур|протокол|формат|алгоритм|стратеги|схем|подход|как)\\w*|"
				"распута\\w*|спецификаци\\w*|выстрой|объедини~(?:пользоват|баз|систем)\\w*|опиши~(?:\\w+~)?архитектур\\w*|построй\\w*~(?:модель|план)|распиши~(?:архитектур|план)\\w*" },
			{ FEATURE_ANALYSE,
				"analy[sz]e\\b|evaluat\\w+|assess\\b|investigat\\w+|diagnose\\b|think (?:hard|deeply|through|carefully)|let's think|"
				"think about\\b|examine\\b|formulate\\b|reverse[- ]engineer\\b|calculate what\\b|think of everything\\b|critical\\w* assess\\w*|trace\\b|go through\\b|walk through\\b|judge\\b|estimate\\b|assume\\b|explain in (?:depth|detail)\\b|reason (?:about|through)|weigh\\b|prove\\b|disprove\\b|derive\\b|determine\\b|research\\b|audit\\b|"
				"work through\\b|study\\b|figure out (?:why|how|what)\\b|find out why\\b|identify\\b|verify that\\b|threat-model|"
				"compare~(?:[\\w.+#-]+,?~){1,6}(?:and|versus|vs\\.?|for our|for us|with)\\b|"
				"проанализир\\w+|сформулир\\w+|сниз\\w+~(?:стоимост|затрат|задержк)\\w*|рассчитай\\w*|посчитай,? (?:чего|что|во что)|анализир\\w+|оцени\\w*|расследу\\w+|разбер(?:и|ись|итесь|ем)\\b|выясни\\w*|докажи\\w*|доказать|"
				"выведи~формул\\w*|исследу\\w+|обдума\\w+|взвес\\w+|найди~(?:первопричин|корнев|узк)\\w*|проведи~(?:\\w+~)?(?:аудит|анализ)|"
				"сравни\\w*" },
			{ FEATURE_DECIDE,
				"(?:how )?should (?:we|i)\\b|how would (?:you|we)\\b|how do (?:we|big)\\b|what would (?:be|you)\\b|which (?:of |approach|architecture|one~would|"
				"(?:\\w+~){1,3}(?:should|would|do you (?:suggest|recommend)|fits|scales))\\b|where (?:do|should) i start\\b|is our\\b|what(?:'s| is) the (?:best|right|optimal|cleanest) (?:way|approach|architecture|"
				"strategy|design)\\b|what (?:architecture|approach|strategy)\\b|is it worth\\b|how (?:can|could) we\\b|"
				"как(?:ую|ой|ое)~(?:\\w+~)?(?:архитектур|подход|стратеги|баз|решени)\\w*|как~(?:лучше|правильно|организовать|обеспечить|"
				"гарантировать|разбить|построить|масштабировать|выстроить)|что~(?:лучше|выбрать)|стоит~ли|подбери\\w*|выбери\\w*" },
			{ FEATURE_CHORE,
				"rename\\b|commit\\b|push\\b|pull\\b|run\\b|rerun\\b|restart\\b|install\\b|uninstall\\b|format\\b|list\\b|show~(?:me~)?(?:the|all|my|git|last|current|log|version|diff|only|a~list)\\b|print\\b|regenerate\\b|reload\\b|switch to~(?:the~)?[\\w./-]+~?(?:branch)?\\b|say\\b|kill\\b|ping\\b|spell\\b|count\\b|find~(?:the|all|where)\\b|use~\\w+,? not\\b|update~(?:the~)?(?:year|version|date|title|text|label)\\b|give~\\w+~\\w+~a (?:title|name)|unzip\\b|zip\\b|cast\\b|repeat\\b|move~(?:[\\w'-]+~){1,4}to~(?:the~)?(?:top|bottom|end|line|left|right|beginning)\\b|add~\\S+(?:~\\S+)?~to~(?:the~)?[\\w./-]*(?:ignore|config|json|env|yaml|toml|list)\\b|"
				"the (?:\\w+~){1,2}should (?:say|be|read)\\b|"
				"turn~(?:on|off)\\b|(?:in|de)crease~the\\b|disable~the\\b|close~the\\b|copy\\b|clone~the\\b|git~\\w+|npm~\\w+|tell me (?:a|the)\\b|"
				"open\\b|cat\\b|cd\\b|bump\\b|sort~(?:the|these|this|imports)|capitali[sz]e\\b|uppercase\\b|lowercase\\b|undo\\b|revert\\b|"
				"delete\\b|remove\\b|drop\\b|hide\\b|comment out\\b|uncomment\\b|translate\\b|amend\\b|merge it\\b|swap\\b|"
				"(?:in~[\\w./-]+~)?(?:change|set)~(?:[\\w'\".:/-]+~){1,6}(?:to|from)\\b|set~(?:the~)?(?:[\\w.-]+~){1,3}to\\b|replace~['\"\\w]+~with\\b|put~(?:an?|the)\\b|"
				"make~['\"]?[\\w' \"-]{1,30}['\"]?~(?:read|say|show)~['\"]|make~(?:the~|this~|it~)?(?:[\\w-]+~){0,3}(?:blue|red|green|bold|bigger|smaller|italic|darker|lighter|uppercase|lowercase|"
				"wider|shorter|gr[ea]y|white|black|yellow|orange|purple|cent(?:er|re)ed)\\b|convert~[\\d.]+|turn~this~(?:list|text)\\b|"
				"update~(?:just~)?the~(?:copyright|version|year|readme|changelog|title|date)|create~(?:a~)?(?:new~)?(?:git~)?branch\\b|"
				"write~(?:a~|the~)?(?:commit|hello world)|generate~(?:a~)?commit\\b|name\\b|give me (?:a|the) (?:name|one)|checkout\\b|"
				"(?:fix|correct)~(?:the~|a~|this~)?(?:[\\w-]+~)?(?:typo|spelling|indentation|whitespace|grammar|formatting)\\w*|"
				"add~(?:a~|an~|the~)?(?:[\\w.-]+~){0,2}(?:comment|semicolon|docstring|icon|line|blank|emoji|space|newline)s?\\b|"
				"переимен\\w+|закоммит\\w*|запуш\\w*|запусти\\w*|перезапусти\\w*|установи\\w*|отформатир\\w+|покажи\\w*|выведи\\w*|открой\\w*|"
				"подними~версию|отсортируй~импорт\\w*|удали\\w*|убери\\w*|отмени\\w*|переведи~на~\\w+|"
				"переведи~(?:комментар|текст|строк|фраз)\\w*|поменя\\w+|измени~(?:цвет|порт|текст|назван|заголов)\\w*|создай~ветк\\w*|"
				"поправь~отступ\\w*|исправь~(?:опечатк|отступ|орфограф)\\w*|скрой\\w*|поставь\\w*|"
				"сделай~(?:\\w+~){1,2}(?:сер|черн|бел|желт|оранж|син|красн|зелен|жирн|больш|меньш)\\w*|добавь~(?:\\w+~)?(?:комментар|иконк|точк|строк|пробел)\\w*|"
				"увеличь\\w*|уменьши~(?:отступ|шрифт|размер|кнопк)\\w*|выключи\\w*|включи\\w*|отключи\\w*|закинь|глянь~(?:как|где|что|сколько)\\w*|скажи|"
				"расскажи~(?:анекдот|шутк)\\w*|напомни|пинг\\b|обнови~(?:год|верси|дат|заголов|текст)\\w*|посчитай~(?:строк|файл|слов)\\w*|пушь|пуш\\b|замени~слово|скопируй|закрой|сотри|"
				"придумай~(?:назван|имя|сообщени)\\w*|напиши~hello world|перейди\\w*|склонируй" },
			{ FEATURE_REVIEW,
				"review\\b|check~(?:this|the|my|our)\\b|look (?:at|over|into)\\b|find (?:the )?(?:bugs?|problems?|issues?|leaks?)\\b|"
				"проверь\\w*|сделай~(?:\\w+~)?ревью|посмотри\\w*|взгляни|глянь|отревью\\w*|найди\\w*" },
			{ FEATURE_REPAIR, "(?:fix|debug|resolve|repair|solve|troubleshoot|patch|correct)\\b|make~(?:it|this|the~\\w+)~work\\b|make sure\\b|"
					  "исправ\\w+|почини\\w*|отлад\\w+|устрани\\w*|реши\\w*|пофикси\\w*|поправ\\w+|чини\\b|разберись~почему|get rid of\\b|make~[\\w ]{1,30}~(?:green|pass)\\b|bisect\\b" },
			{ FEATURE_CHANGE,
				"(?:refactor|rewrite|rework|restructure|clean up|simplify|optimi[sz]e|speed up|improve|migrate|convert|port|upgrade|"
				"extract|split|move|replace|turn|change|update|switch|transform|modify|adapt|extend|reorgani[sz]e|decouple|"
				"reduce|inline|use|swap out|tighten|turn|parametri[sz]e|translate~this|adjust|rearchitect)\\b|"
				"(?:зарефактор|зарефач|отрефактор|преврати|рефактор|перепи(?:ши|с)|передела|упрост|оптимиз|ускор|улучш|мигрир|перенес|конвертир|преобраз|обнов|вынес|"
				"раздели|разбей|замени|вынеси|адаптир|расшир|переведи|измени|сократ|уменьш|оберни|переработа|портир)\\w*" },
			{ FEATURE_MAKE,
				"(?:need|give me|wire up|hook up|draw|compute|simulate|plot|produce|show|put|have|please~write|write|implement|create|add|build|make|generate|code|develop|set up|setup|configure|integrate|support|enable|"
				"handle|parse|expose|validate|compress|cache|store|save|dockeri[sz]e|scrape|cover|test|unit test|tests for|connect|"
				"deploy|wire|introduce|compute|calculate|terraform|allow|show me how|provide|need an?|i need an?|i want my|i want an?|i want the)\\b|"
				"(?:запили|накидай|прикрути|сверстай|нарисуй|посчитай|наваяй|замути|сваргань|нужен|нужна|нужно~чтобы)\\b|(?:напи(?:ши|сать)|реализ|созда|добав|сдела|сгенерир|настро|собер|построй|подключ|интегрир|внедри|обработа|спарси|"
				"распарси|закэширу|сохран|покрой|задеплой|разработа|напрограммир|нужен~скрипт|нужна~функци)\\w*" },
			{ FEATURE_EXPLAIN,
				"(?:explain|describe|summari[sz]e|summary|tell me|walk me through|tl;dr|clarify|elaborate)\\b|what does this\\b|"
				"(?:объясни|опиши|расскажи|поясни|резюмир|подытожь|растолкуй)\\w*" },
			{ FEATURE_WHY,
				"why\\b(?! is (?:it|this|that|\\w+) called)|how come\\b|what(?:'s| is) (?:wrong|going on|happening|causing)\\b|почему\\b(?! \\w+ так (?:называ|назва)\\w+)|отчего\\b|зачем\\b|в чем (?:дело|"
				"проблема|причина)\\b" },
			{ FEATURE_HOW_TO,
				"how (?:do|can|would|could|should|to|does)\\b|what(?:'s| is) the (?:command|syntax|easiest way|way)\\b|как\\b|"
				"какой командой\\b" },
			{ FEATURE_FACT,
				"why is \\w+ called|почему \\w+ так назы\\w+|(?:in|on|at|from|for|to|with) (?:what|which)\\b|(?:what|who|when|where|which|whose|whats)\\b|what's\\b|how (?:many|much|long|old|big|far|often|large)\\b|"
				"(?:is|are|does|do|did|can|has|have|was|were|will) (?:there|it|this|that|you|i|the|a|an|[\\w.+#-]+)\\b|"
				"(?:define|meaning of|difference between|syntax for|name of|git:|in (?:css|html|js|python|java|go|rust|c) (?:what|how))\\b|"
				"(?:в|во|на|из|с|до|по|от|о|у|к|под|за) (?:что|чем|как(?:ой|ом|ую|их|им)|чем|чего|кого)\\b|(?:что|че|чо|шо|кто|где|когда|сколько|как(?:ой|ая|ие|ое|им|ую)|чем|чему|есть ли|бывает ли|можно ли|дай определение|для чего|"
				"куда|откуда|чей|в чем (?:разница|отличие|смысл))\\b" },
		};
const size_t patterns_nacts = ARRAY_LEN(patterns_of_acts);

const struct phrase patterns_of_phrases[] = {
	{ FEATURE_TRADE_OFF,
		"trade-?offs?|pros and cons|alternatives|failure modes?|root cause|best practices|backwards? compat\\w+|lock-in|"
		"build or buy|cost model|single point of failure|cost,? and risk|weigh\\w*|плюсы и минусы|за и против|первопричин\\w*|"
		"точк\\w+ отказа|обратн\\w+ совместимост\\w+|слаб\\w+ мест\\w*|сценари\\w+ отказ\\w+" },
	{ FEATURE_SCALE,
		"\\d[\\d.,]*\\s?(?:k|m|b|million|billion|thousand|тыс\\w*|млн|миллион\\w*|млрд)?~(?:requests|users|rps|qps|rows|records|"
		"documents|messages|events|connections|services|apps|developers|redirects|integrators|packages|nodes|tenants|lines|writes|"
		"jobs|servers|customers|teams|запрос\\w*|пользовател\\w*|записей|строк|сервис\\w*|сообщени\\w*|событи\\w*|соединени\\w*|"
		"арендатор\\w*|редирект\\w*|баз)\\b|\\b\\d+\\s?(?:tb|pb|тб|rps|qps)\\b|\\b\\d+(?:k|m)\\b|99\\.\\d+|zero[- ]downtime|without downtime|"
		"no downtime|без простоя|high availability|высок\\w+ (?:нагрузк|доступност)\\w*|под нагрузкой|under (?:heavy )?load|"
		"real[- ]time|реальн\\w+ времен\\w+|p9\\d|multi-?tenan\\w+|мультитенант\\w*|horizontal\\w* scal\\w*|large[- ]scale|million\\w*" },
	{ FEATURE_WIDE,
		"end[- ]to[- ]end|(?:whole|entire|complete|full|all of (?:the|our)|across (?:the|our|all|multiple|several|\\d+))~"
		"(?:[\\w-]+~)?[\\w-]+|(?:every|all|each) (?:module|service|package|file|endpoint|component|team|layer|place)s?|"
		"anywhere in|in our stack|all the way|whole thing|throughout the|project-?wide|code ?base|object graph|in \\d\\d+ places|\\d+ (?:packages|modules|services|teams|repos)|"
		"(?:весь|всю|всей|всего|всем|все|всех|целиком)~(?:проект|систем|код|модул|сервис|уровн|пакет|команд|репозитор)\\w*|"
		"по всему|во всех|кодов\\w+ баз\\w+|на всех" },
	{ FEATURE_SCRATCH,
		"from scratch|ground up|с нуля|from the ground|fully[- ]featured|production[- ](?:ready|grade)|complete~(?:[\\w-]+~){0,2}"
		"(?:platform|system|app|application|solution|strategy)|my own (?:sql )?(?:database|language|compiler|engine|framework)|"
		"сво(?:й|ю|е) (?:баз|язык|компилятор|движок|фреймворк)\\w*" },
	{ FEATURE_DISTRIBUTED,
		"event[- ]sourc\\w+|exactly[- ]once|eventual consistency|fan-?out|active-active|multi-?region\\w*|cross-region|two-phase|"
		"leader election|split[- ]brain|clock skew|network partitions?|conflict resolution|offline[- ]first|"
		"разрешени\\w+ конфликт\\w+|выбор\\w* лидера|service mesh|message (?:broker|queue|bus)" },
	{ FEATURE_CONCURRENT,
		"race conditions?|lock-free|wait-free|memory (?:model|order\\w*)|состояни\\w+ гонки|взаимн\\w+ блокиров\\w+|"
		"thread[- ]safe\\w*|use-after-free" },
	{ FEATURE_SECURITY,
		"threat[- ]model\\w*|zero[- ]trust|model\\w* угроз|soc ?2|сквозн\\w+ шифрован\\w+|access control|supply chain" },
	{ FEATURE_THEORY,
		"type (?:system|checker|inference)|query (?:optimi[sz]er|planner|engine)|garbage collect\\w*|static anal\\w+|"
		"virtual machine|numerical\\w* stab\\w+|b\\+?-?tree|storage engine|write-ahead|model checking|cost-based|"
		"операционн\\w+ систем\\w+|вывод\\w* типов|планировщик\\w* запросов|оптимизатор\\w* запросов|сборщик\\w* мусора" },
	{ FEATURE_SHARED,
		"at the same time|out of sync|back online|google docs|like collaborat\\w*|two people|same (?:note|document|row|record)|"
		"one after the other|в одно время|одновременно|двое|гугл докс|общ\\w+ состояни\\w+" },
	{ FEATURE_ORGANISATION,
		"\\d+ (?:engineers|developers|people|teams|years|months|quarters|человек|команд\\w*|лет|год\\w*|месяц\\w*|разработчик\\w*)|"
		"next (?:year|two years|quarter|ten years)|a year|на год|два года|data cent(?:er|re)|data residency|time to market" },
	{ FEATURE_MACHINERY,
		"(?:search|rule|rules|workflow|game|physics|rendering|template|recommendation|query|storage|database|inference|policy|chess) engine|"
		"(?:text|code|collaborative) editor|language server|package manager|version control|load balancer|reverse proxy|"
		"operating system|file ?system|device driver|neural net\\w*|smart contract|ray ?trac\\w*|(?:wire|file|binary) (?:format|protocol)|"
		"(?:twitter|slack|trello|uber|netflix|instagram|airbnb|notion|figma|discord) clone|clone of|snapshot isolation|"
		"agent framework|plugin system|message broker|job (?:queue|scheduler)|key[- ]value store|time[- ]series database|"
		"движ\\w+ (?:поиска|правил|игры|рендера)|сво\\w+ (?:субд|баз\\w+|ос|брокер\\w*)|файлов\\w+ систем\\w+|нейросет\\w*|снапшот-изоляц\\w+" },
	{ FEATURE_STEPS,
		"step[- ]by[- ]step|phase[sd]?|in stages|stages|and then|after that|in (?:which|what) order|one by one|roll(?:ed)? ?out|rollback|order of|по шагам|"
		"поэтапн\\w+|этап\\w*|по порядку|шаг за шагом" },
	{ FEATURE_CONSTRAINT,
		"must(?: not)?|should not|shouldn't|do not|don't|without|no more than|at (?:least|most)|make sure|ensure|guarantee\\w*|"
		"keep(?:ing)?|preserv\\w+|edge cases?|not exceed|only if|instead of|so that|без\\b|не меня\\w+|не более|не менее|"
		"не ломая|чтобы|должн\\w+|сохран\\w+" },
	{ FEATURE_TROUBLE,
		"(?:does|do|did|is|are|was)n't (?:work|run|compile|build|load|update|show)\\w*|not (?:work|found|updat|load|compil)\\w*|"
		"stack ?trace|\\b(?:404|500|502|503|137)\\b|exit code|undefined (?:is|reference|variable)|(?:does|do|did|is|are|was|won|can|has)(?:n)?'t|keeps \\w+ing|returns? (?:an? )?(?:error|\\d+|null|wrong)|cut off|blank (?:page|screen)|"
		"too slow|complain\\w*|instead of|не \\w+(?:ет|ит|ат|ят|ют|ут)(?:ся)?|не (?:работает|собирается|"
		"запускается|компилируется|обновляется|открывается)|стек вызовов|code \\d+" },
};
const size_t patterns_nphrases = ARRAY_LEN(patterns_of_phrases);

const struct phrase patterns_of_words[] = {
	{ FEATURE_SMALL,
		"footer background text label placeholder logo caption tabs spaces paragraph sentence title фон* футер* подвал* текст* надпис* логотип* абзац* год "
		"padding margin newline license joke haiku poem plural opposite synonym px word words flag alias shortcut lockfile setting "
		"анекдот* слово слова отступ* букв* флаг* кнопки размер* "
		"typo typos comment comments docstring variable semicolon import imports readme label color colour title font "
		"whitespace indentation icon emoji copyright version branch year spelling heading port constant changelog timestamp "
		"опечатк* комментар* переменн* импорт* иконк* цвет заголов* отступ* верси* ветк* порт точк* шрифт строк* названи* "
		"имя" },
	{ FEATURE_ORGANISATION,
		"teams engineers company vendors partners stakeholders stack years months quarter organisation organization business "
		"customers inherited команд* компани* партнер* заказчик* легаси облак* датацентр*" },
	{ FEATURE_MACHINERY,
		"solver emulator raytracer hypervisor netcode deoptimi* heuristic* interpreter compiler jit mvcc lsm gpu cuda simd "
		"shader blockchain disassembler debugger profiler crawler orchestrator dsl transpiler lakehouse ranking relevance "
		"решатель эвристик* эмулятор* интерпретатор* компилятор* транслятор* краулер* оркестратор* ранжир*" },
	{ FEATURE_SHARED,
		"offline sync synchroni* collaborat* desync conflict* concurrently lockstep realtime real-time ordering clocks "
		"офлайн* синхрон* совместн* конфликт* рассинхрон* параллельно" },
	{ FEATURE_UNIT,
		"function functions method class classes script query regex endpoint component test hook migration config dockerfile "
		"makefile workflow middleware page form table command parser modal decorator snippet handler route button dropdown "
		"reducer module loop bot trigger macro serializer webhook controller repository container field column dialog "
		"list menu header file array string object bug pr diff benchmark linter input spinner cli "
		"функци* метод* класс* скрипт* запрос* эндпоинт* компонент* тест* хук* миграци* конфиг* страниц* форм* таблиц* "
		"команд* парсер* модул* бот* бота колонк* кнопк* список списк* файл* массив* триггер* контейнер* цикл* цикла поле "
		"баг* ошибк* окно" },
	{ FEATURE_SYSTEM,
		"system systems platform architecture* infrastructure service services microservice* pipeline* framework engine "
		"protocol cluster* backend monolith* monorepo ecosystem saas fleet gateway product warehouse topology subsystem* "
		"marketplace datacenter* organisation* organization* compan* enterprise compiler database databases ledger "
		"систем* платформ* архитектур* инфраструктур* сервис* микросервис* конвейер* движок движк* протокол* кластер* "
		"монолит* шлюз* хранилищ* продукт* мессенджер* датацентр* организаци* бэкенд*" },
	{ FEATURE_WIDE,
		"everywhere codebase throughout globally cross-cutting целиком везде повсюду" },
	{ FEATURE_DISTRIBUTED,
		"distributed shard* replicat* consensus raft paxos multi-region failover partition* idempoten* crdt* cqrs saga sagas "
		"outbox kafka linearizab* quorum replica replicas federat* gossip decentrali* consistency availability peer-to-peer "
		"распредел* шардир* репликац* консенсус* согласованност* партиц* реплик* мультирегион* кафк*" },
	{ FEATURE_CONCURRENT,
		"deadlock* concurren* livelock* atomic* interleaving* starvation* mutex* thread* lock locks locking "
		"дедлок* блокиров* гонк* конкурентн* многопоточн* параллел*" },
	{ FEATURE_SECURITY,
		"security secure encrypt* vulnerab* compliance gdpr hipaa pci authoriz* authoris* permission* hardening audit audits "
		"auditing attack* mitigation* oidc rbac abac isolation sandbox* anti-cheat fraud secrets identity crypto* "
		"безопасност* шифрован* уязвимост* угроз* изоляц* песочниц* прав права аудит* аутентификац* авторизац*" },
	{ FEATURE_THEORY,
		"compiler* interpreter algorithm* proof prove prover complexity kernel scheduler scheduling allocator bytecode "
		"gradient* semantics verif* formal invariants optimizer inference jit vm wasm linker unification monad lattice "
		"starvation-free correctness numerically hypothes* tokenizer emulator rendering simulation physics vulkan "
		"компилятор* интерпретатор* алгоритм* доказ* ядро ядра планировщик* аллокатор* байткод* градиент* семантик* "
		"корректност* гипотез* линеаризу*" },
	{ FEATURE_SCALE,
		"scalable scale scaling throughput latency latencies sla slo slos downtime capacity terabyte* petabyte* bottleneck* "
		"high-throughput rps qps tenants tenant multi-tenant concurrent rto rpo "
		"доступност* отказоустойчив* масштабир* масштабируем* простоя нагрузк* пропускн* задержк* миллион* арендатор* rps" },
	{ FEATURE_TRADE_OFF,
		"trade-off* tradeoff* strategy strategies alternatives risks risk rationale recommend* justif* guarantees "
		"considerations implications approaches evaluate compare versus cost costs budget budgets "
		"компромисс* стратеги* риск* альтернатив* обоснуй* обоснова* гаранти* выбор выбрать стоимост* узк* последств*" },
	{ FEATURE_PLANNING,
		"ultrathink specification concept roadmap rfc proposal blueprint vision phased milestones timeline rollout plan plans planning disaster recovery "
		"boundaries ownership versioning "
		"дорожн* план плана планир* видени* поэтапн* границ* версионир* аварийн* порядок" },
	{ FEATURE_TROUBLE,
		"error errors exception* fail* crash* segfault* broken bug bugs wrong throws undefined null timeout flaky stuck hang "
		"hangs freezes leak leaks leaking twice nullpointerexception typeerror valueerror indexerror keyerror warning "
		"help lost jumps slow permission denied overflows hanging unused warnings complains red "
		"варнинг* тормоз* красный едет прыгает проблем* медленн* "
		"econnrefused traceback flicker* missing "
		"ошибк* падает падают баг* вылетает упал* ломает* сломал* зависает утечк* утекает падающ* исключени*" },
	{ FEATURE_TESTS,
		"test tests testing spec specs coverage jest pytest mock mocks тест* тесты юнит-тест* покрой покрыт*" },
	{ FEATURE_MAKING,
		"write implement create add build make generate develop fix debug refactor handle support update extract convert "
		"напиши реализуй создай добавь сделай сгенерируй исправь почини отрефактори перепиши покрой вынеси" },
	{ FEATURE_DESIGNING,
		"design designs propose analyse analyze evaluate recommend discuss redesign assess investigate architect consider "
		"justify prove determine prioriti* rank reason define choose "
		"спроектируй предложи проанализируй оцени обоснуй сравни разбери продумай проектир* докажи выбери учти" },
	{ FEATURE_MOVE,
		"migrate migrating migration rewrite rewriting transition move moving extract replatform port legacy cutover "
		"strangler миграци* перенес* переход* перейти переезд* вынести переписать легаси" },
	{ FEATURE_TECHNOLOGY,
		"react vue angular django flask express spring nginx docker postgres postgresql mysql redis mongo mongodb sqlite "
		"typescript javascript python java kotlin rust golang terraform webpack vite tailwind next.js graphql grpc aws s3 "
		"lambda kubernetes k8s jest jwt oauth websocket github gitlab jenkins sql css html csv json yaml node express.js "
		"bash swift ruby rails php laravel numpy pandas pytorch selenium playwright localstorage axios" },
	{ FEATURE_FEATURE,
		"pagination filter filtering sorting search upload download export login logout signup auth validation validat* "
		"retry retries backoff cache caching logging log logs rate limiter debounce toggle dark responsive animation drag "
		"form forms email emails notification* token tokens localstorage redirect cron i18n tooltip autosave crud todo "
		"пагинаци* фильтр* поиск* загрузк* экспорт* логин* вход входа валидаци* кэш* кеш* логир* лог логи повтор* форм* "
		"письм* уведомлен* адаптивн*" },
};
const size_t patterns_nwords = ARRAY_LEN(patterns_of_words);
