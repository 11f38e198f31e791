#include <array>

#include "alpha/data/story_plots.h"

namespace alpha {

namespace {

constexpr std::array kPlots = {
    StoryPlot{"learn_a_skill", R"({#open}
<skill;fail;again;tip:
@c ride a bike;the bike fell over;the bike rolled into a bush;look straight ahead
|@c skate;both feet slipped away;the skates went the wrong way;bend your knees
|whistle;only air came out;only a funny little squeak came out;make your lips small and round
|swim;the water splashed everywhere;only bubbles came up;kick slowly and breathe
|play the flute;it sounded like a sick goose;it sounded like an angry cat;blow very softly
|jump rope;the rope was too fast;the rope got stuck;listen to the beat of the rope
|catch a ball;the ball flew past;the ball bounced off;watch the ball all the time
|dance;two feet got mixed up;the music was faster than the feet;listen to the drum>
{he} wanted to learn to {skill}. {g} could {skill} very well[, and so could {f}|].

{#day}, {h} tried it for the first time, but {fail}. [{h} tried again|Then {he} tried once more], but {again}.
"I will never learn it!" [cried|said] {h}. [{#sad}|]
{g} sat down next to {him}. "[When I was little, I could not do it either|Nobody can do it on the first day]," said {g}. "Just {tip}. And do not give up."

So {h} [practiced every day|tried again the next day, and the day after that]. [It was hard.|Some days were good and some days were bad.]
{he} said to {himself}, "{Tip}." And then, [one day|on a sunny morning], it worked!
"Look, {g}! Look at me! I can {skill}!" [shouted|called] {h}. {g} clapped [and was very proud|{g.his} {hands}].

[Soon {his} friend {f} wanted to learn to {skill}, too. "Do not give up," said {h}. "I will show you how."
|That night, {h} went to bed tired and happy. {he} dreamed that {he} could {skill} better than anyone.
|"I am glad that I did not give up," said {h}.])"},

    StoryPlot{"face_a_fear", R"({#open}
<scary;go;back:
@c the big slide;go down;climbed up three steps and came right back down
|the old bridge;walk across;put one foot on it and jumped right back
|the cold lake;jump into;ran to the edge and stopped
|@a the wide stream;jump over;ran to the edge and stopped
|the dark tunnel;walk through;took one step and ran back out
|the high rock;climb up;looked up and sat down again>
All of {his} friends [could|liked to] {go} {scary}. But {h} was afraid.

{#day}, {his} friends called, "Come on, {h}!" {h} {back}. "I cannot do it," {he} said. [Some of them laughed.|{his} heart was beating fast.]
{he} went away and sat down alone. [{#sad}|]

{f.full} sat down next to {him}. "[Are you afraid|Is it scary for you]?" asked {f}. {h} nodded.
"I was afraid at first, too," said {f}. "We can do it together. [Just take one small step at a time.|Hold my {hand} and count to three.]"
{h} took a deep breath. [{his} legs were shaking, but {he} did not stop.|"One, two, three," {he} whispered.|]
And then {he} did it! {he} was brave enough to {go} {scary}!

"I did it! I did it!" [shouted|cried] {h}. {f} [cheered|clapped {f.his} {hands}]. "[I knew that you could do it|You are so brave]!"
[{h} wanted to do it again and again.|They did it five more times that day.||]
[To be brave does not mean that you are never afraid. It means that you try.
|"Thank you, {f}," said {h}. "With you I am not afraid."
|And when {h} saw a small {h.kind} who was afraid, {he} said, "Come, we can do it together."])"},

    StoryPlot{"dark_night", R"({#open}
<thing;sound: branch;tap, tap, tap|leaf;scratch, scratch|moth;flip, flap|beetle;tick, tick, tick>
{he} was afraid of the dark. Every night, {he} hid [under the blanket|{his} head under the pillow].

One night, {h} heard a strange sound. "{sound}," it went. There was a big shadow on the wall.
[{h} closed {his} eyes and counted to ten, but the sound did not stop.
|{h} pulled the blanket over {his} head, but the sound was still there.]
"{g}! {g}!" called {h}. "There is a monster at my window!"

{g} came with a [little lamp|candle]. "[Let us look together|Come, we will look at it]," said {g} [and took {h} by the {hand}|softly].
Step by step, they went to the window. {h} was shaking. Then {he} saw it. It was not a monster.
It was only a little {thing}! [In the light, its shadow was very small.|The moon made its shadow big.|]
{h} laughed. "[You are not scary at all|You are not a monster at all], little {thing}!" {he} said.

"[When something scares you, look at it closely|Many scary things are small in the light]," said {g} and kissed {h} good night.
The next night, {h} heard it again. "{sound}." [But this time {he} smiled.|{he} did not hide.]
"Good night, little {thing}," said {h}, and {he} [fell asleep|closed {his} eyes and slept until morning].)"},

    StoryPlot{"build_again", R"({#open}
<build;stuff;crash;fix:
sandcastle;wet sand;a big wave came and washed it away;farther away from the water
|tower;wooden blocks;it leaned to one side and fell down;on flat ground
|hut;sticks and leaves;a strong wind came and blew it down;behind a big rock
|little dam;stones and mud;the water broke through the middle;with bigger stones
|snowman;soft snow;the head rolled off and broke;with a wider belly>
{#day}, {h} wanted to build {a:build}. [{he} wanted it to be the biggest {build} of all.|]
{he} took {stuff} and worked [all morning|very hard]. At last, the {build} was done.
But then {crash}.

"[All my work|Oh no, my {build}]!" cried {h}. {#sad}
{#meet} {#what}
"My {build} is gone," said {h}.
"[Then we build a new one|We can try again], and I will help you," said {f}. "Let us build it {fix}."

{h} [wiped {his} eyes|stood up]. {f} brought {stuff}, and {h} put everything in its place.
[They talked and laughed while they worked.|It took a long time, but they did not stop.|]
When they were done, the new {build} was even better than the first one[, and it did not fall|].

[{f} put a little flag on the top. "This is our {build}," said {f}.|They called {g} to come and look. "Wonderful!" said {g}.]
["I am glad that I tried again," said {h}.|{h} smiled. The second {build} was better because they had built it together.
|{h} and {f} were very proud.])"},

    StoryPlot{"treasure_map", R"({#open}
<where: in a dusty book|in a bottle|under a flat stone|in a hollow tree>
<tree;water: the old oak;the pond|the tall pine;the stream|the apple tree;the well>
<inside: shiny shells|glass beads|old coins|painted stones|silver buttons>
{#day}, {h} found an old map with a red cross {where}. "[A treasure|This must be a treasure map]!" said {h}.
{he} ran to {his} friend {f.full}. "[Will you come with me|Do you want to find it with me]?" asked {h}. "Of course!" said {f}.

They went to {tree} and started to dig. They dug and dug, but they found only [stones|roots] and a [fat worm|rusty spoon].
"There is no treasure here," said {h}. [{#sad}|]
{f} looked at the map again. "Wait," said {f}. "[We are holding it upside down!|This blue line is water!] The cross is next to {water}!"

They ran to {water} and dug again. [Soon they hit something hard.|Clonk! There was something hard.] It was a [small|wooden] box, full of {inside}!
["We are rich!" [laughed|shouted] {h}.|] [{he} gave half of the {inside} to {f}.|They shared the {inside}, one for {h}, one for {f}, until the box was empty.]

[Then they put a note into the box and hid the map again {where}, for somebody else to find.
|"The best treasure is a friend who looks twice," said {h}.
|At home, {h} showed {g} the {inside}. "I could not have found them without {f}," {he} said.])"},
};

}  // namespace

std::span<const StoryPlot> story_plots_of_courage() noexcept {
  return kPlots;
}

}  // namespace alpha
