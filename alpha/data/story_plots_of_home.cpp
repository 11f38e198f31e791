#include <array>

#include "alpha/data/story_plots.h"

namespace alpha {

namespace {

constexpr std::array kPlots = {
    StoryPlot{"seed", R"({#open}
<plant;result: sunflower;seeds|pumpkin;pumpkin soup|tomato plant;tomatoes|bean plant;beans|strawberry plant;strawberries>
{#day}, {w.full} gave {h} a small seed. "[What will it be|What is in it]?" asked {h}. "[Wait and see|That is a secret]," said {w}.
{h} put the seed into the ground and gave it some water.

The next morning, {h} ran outside to look. [There was nothing. {he} looked again after lunch. Still nothing.|There was nothing at all.]
"Grow, seed, grow!" said {h} and gave it [so much water that there was a big puddle|three big cans of water]. But nothing happened.
[{h} wanted to dig it up.|"My seed is broken," said {h}.] [{#sad}|]

"Do not dig it up," said {g}. "A seed needs [a little water, some sun, and a lot of time|water and sun, but most of all time]."
So {h} waited. Every day, {he} gave the seed a little water [and sang a song for it|and told it a story].
One morning, there was a tiny green leaf! [It grew and grew.|It grew a little every day.] By the end of summer, it was {a:plant}.

"Look, {g}! It was {a:plant} all the time!" [called|said] {h}.
[{he} took one new seed to {w}. "Now you can wait and see," said {h}, and {w} laughed.
|{he} shared the {result} with {f} and {w}. "Good things take time," said {h}.
|{he} gave {f} a small seed. "What will it be?" asked {f}. "Wait and see," said {h} with a smile.])"},

    StoryPlot{"hot_cookies", R"({#open}
<treat;one: cookies;cookie|muffins;muffin|buns;bun|pies;pie>
{#day}, {g} baked {treat}. The whole house smelled [sweet|wonderful].
"[May I have one|Can I eat one now], please?" asked {h}. "Not yet," said {g}. "They are too hot. [Wait until they are cool.|Good things need time.]"

{g} went [out into the garden|to get some water]. {h} looked at the {treat}. [{his} tummy rumbled.|They looked so good.]
"Just one little {one}," {he} said and took it. [Ouch!|"Ouch!" cried {h}.] The {one} was so hot that it burned {his} tongue. It fell to the floor and broke.

{g} came back. {h} had tears in {his} eyes. "I did not wait," said {h}. "I am sorry."
{g} gave {him} a glass of cold water. [{h} felt a little better.|] "Come, [help me clean the floor|we will clean up together], and then the {treat} will be ready," said {g}.

They cleaned the floor and [sang a song|counted to one hundred]. And then {g} said, "Now!" {h} blew on {his} {one} first. Then {he} took a bite. It was [soft and sweet|warm and sweet] and not too hot at all.
["It was hard to wait," said {h}, "but now it tastes much better."
|{h} put two {treat} on a plate for {his} friend {f}. "But you have to wait until they are cool," {he} said.
|The next time {g} baked {treat}, {h} waited.])"},

    StoryPlot{"messy_room", R"({#open} {#toy}
<~p1;p2: a big pillow|an old box|a warm coat|a heavy blanket|a pile of books>
{his} room was [a big mess|never clean]. There were [socks|clothes] on the bed and [crayons|papers] on the floor.
"Please clean your room, {h}," said {g}. "Later," said {h}. {he} wanted to go out and play with {his} {color} {toy}.

But where was it? {h} looked under {p1}. No {toy}. {he} looked under the bed and hit {his} head.
[Then {he} stepped on a block and fell.|Then {he} pulled at a blanket, and a whole pile of things fell down.] "I cannot find my {toy}!" {he} cried. {#sad}

{g} [looked in|came in]. "[Maybe your {toy} is lost in the mess|A clean room finds lost things]," said {g}. "Let us [start in one corner|clean up together]."
[First they put the clothes away. Then they picked up the papers.|{g} took the clothes, and {h} took the toys.]
And when {h} lifted {p2}, there was the {color} {toy}!

"I found it!" [shouted|called] {h}. [{he} danced around the clean room.|There was so much room to play now.]
["Now I know why you told me to clean up," said {h}, and {g} smiled.
|That evening, {h} put the {toy} in its own place[ on the shelf|].
|From then on, the {color} {toy} had a place of its own.])"},

    StoryPlot{"cannot_sleep", R"({#open}
<song;dream: a song about the sea;a little boat|a song about the stars;a silver star|a story about a train;a long red train|a story about a kind king;a golden castle>
One night, {h} could not sleep. [The moon was bright.|The house was quiet.] {he} turned to the left, and {he} turned to the right.
First, {h} counted sheep. "One sheep, two sheep, three sheep." But the sheep [jumped too fast|were too funny].
Then {he} drank a cup of warm milk. But {he} was still awake.
[{h} looked out of the window. Even the birds were asleep.|"Everyone is asleep but me," {he} said.]

{h} went to {g} on quiet feet. "I cannot sleep," said {h}. "[My head is full of thoughts|I am thinking about tomorrow]."
["What are you thinking about?" asked {g}.|"Tell me about it," said {g}.] {h} talked about [a game|a long walk] with {f}, about [the rain|the wind], and about [a big bug|a blue bird].
{g} listened to everything. "Now your thoughts are with me," said {g}. "[I will keep them safe until morning.|You can have them back tomorrow.]"

{g} took {h} back to bed and [began|started] {song}. [Before it was over|Very soon], {h} was asleep.
{he} dreamed about {dream}.
[In the morning, {h} asked, "Where are my thoughts?" {g} laughed and gave {him} a kiss.
|In the morning, {h} told {f} all about it. It was a good dream.
|And when {g} could not sleep one night, {h} came on quiet feet and listened.])"},

    StoryPlot{"rainy_picnic", R"({#open}
<~x;y: sandwiches|apples|cookies|grapes|pancakes|carrots>
{#day}, {h} and {his} friend {f.full} wanted to have a picnic. They packed {x} and {y} into a [basket|bag] and took a big blanket.
[The sky was gray, but they did not see it.|They sang all the way.|]

They had just sat down when drops began to fall. Plip, plop! "It is raining!" [cried|said] {h}. They [held the blanket over their heads|sat under a tree], but the rain came through. Soon they were wet, and the {x} were wet, too.
"Our picnic is over," said {f}.

{h} thought hard. Then {he} jumped up. ["Who says that a picnic has to be outside?" asked {h}.|"I have an idea!" said {h}.] They [ran|hurried] home. {h} put a dry blanket on the floor, right under the table. {g} gave them new {x} and [hot tea|warm milk].
"This table is our tree," said {h}. They ate the {x} and the {y} and laughed.

When the rain stopped, {f} pointed to the window. There was a [big|bright] rainbow in the sky!
["This was the best picnic of all," said {f}.|"Without the rain, we would not have seen it," said {h}.
|And every time it rained, {h} and {f} had a picnic under the table.])"},

    StoryPlot{"sick_friend", R"({#open}
<cheer;wish: little theater with two puppets;see a play|picture of a green meadow;go outside|boat made of paper;sail on the sea|drum out of an old pot;hear some music>
{#day}, {h} wanted to play with {his} friend {f.full}. But {f} was sick and had to stay in bed.
"I am so bored," said {f}. "I wish I could {wish}."
First, {h} told a joke, but {f} was too tired to laugh. Then {h} [made a funny face|stood on one leg], but {f} only coughed.

{h} went home. "{f} is sick, and I do not know how to help," {he} said.
"[What does {f} wish for|Did you ask what {f} would like]?" asked {g}.
"Oh yes!" said {h}. "{f} would like to {wish}!"

So {h} made {a:cheer}. The next day, {he} took it to {f}. [{f} sat up in bed.|{f} opened {f.his} eyes wide.] "[For me|Is that for me]?" asked {f}. And then {f.he} laughed for the first time in days.
[A few days later, {f} was well again.|Soon {f} felt better.] "Your visit helped me more than all the tea," said {f}.
[And when {h} was sick one day, {f} came with a funny joke.|{h} was glad. A good friend listens.
|Then they ran outside and played together.])"},
};

}  // namespace

std::span<const StoryPlot> story_plots_of_home() noexcept {
  return kPlots;
}

}  // namespace alpha
